"""What a student is told beside verdicts: hints, questions to answer first, what was learned.

Every answer in `exercise.toml` is computed anew, by `solutions/NAME/predictions.py`.
"""

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from grader.authoring.leaks import squeezed
from grader.authoring.stubs import regions_of
from grader.catalog import Exercise

QUOTED = re.compile(r"`([^`]+)`")
PATH = re.compile(r"[\w/.-]+\.(py|md|toml|json)")
PASSAGE = 16
"""Characters of a solution that no hint holds in a row: most lines are longer."""


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"guidance_{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
def test_answers_are_what_the_reference_and_the_libraries_compute(exercise: Exercise):
    asked = {task.id: task.predict for task in exercise.config.tasks if task.predict}
    computing = load(exercise.predictions).PREDICTIONS
    assert {task: len(questions) for task, questions in asked.items()} == {
        task: len(functions) for task, functions in computing.items()
    }
    reference = load(exercise.reference)
    for task, questions in asked.items():
        for question, compute in zip(questions, computing[task], strict=True):
            computed = compute(reference)
            if isinstance(question.answer, float):
                assert computed == pytest.approx(question.answer, rel=1e-4), question.question
            else:
                assert computed == question.answer, question.question
            assert computed in question.choices or not question.choices


def test_something_is_asked_before_every_task_and_said_after_the_last(exercise: Exercise):
    assert [task.id for task in exercise.config.tasks if not task.predict] == []
    assert exercise.config.learned


def names_alone(quoted: str) -> bool:
    """Whether a piece of text in backticks is a name, a number or a bare call: nothing that could be pasted in."""
    if PATH.fullmatch(quoted) or re.fullmatch(r"[\w.]+", quoted):
        return True
    try:
        tree = ast.parse(quoted, mode="eval").body
    except SyntaxError:
        return False
    arguments = [*tree.args, *tree.keywords] if isinstance(tree, ast.Call) else [tree]
    return all(isinstance(node, ast.Name | ast.Constant | ast.Attribute | ast.List) for node in arguments)


def test_last_hint_names_what_to_read_and_none_holds_code(exercise: Exercise):
    text = exercise.reference.read_text()
    lines = text.splitlines()
    regions = ["\n".join(lines[region.first - 1 : region.last]) for region in regions_of(text, exercise.name)]
    solution = {squeezed(line) for region in regions for line in region.splitlines() if len(squeezed(line)) >= PASSAGE}
    for task in exercise.config.tasks:
        assert len(task.hints) >= 3
        assert re.search(r"\bRead\b", task.hints[-1]), task.id
        for hint in task.hints:
            assert [quoted for quoted in QUOTED.findall(hint) if not names_alone(quoted)] == [], task.id
            assert [line for line in solution if line in squeezed(hint)] == [], task.id
        told = squeezed(" ".join(f"{asked.question} {asked.explanation}" for asked in task.predict))
        assert [line for line in solution if line in told] == [], task.id
