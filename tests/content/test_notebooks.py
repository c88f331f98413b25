"""Every exercise as a notebook: the reference, cut into the cells that students get, is worth what it is as a file."""

import ast

from notebooks import code, exercise_cells, notebook, text, top_level

from grader.authoring.answers import read_answers
from grader.catalog import Exercise
from grader.cells.reading import read_cells
from grader.cells.slicing import Made, module_of
from grader.grade import Session

RUNS = [
    code("!pip install torch transformers\n%load_ext autoreload"),
    text("# Training"),
    code("import nowhere, wandb\nfrom datasets import load_dataset\ntrain, test = load_dataset('imdb')"),
    code("while True: pass"),
]


def made(exercise: Exercise, cells) -> Made:
    return module_of(read_cells(notebook(cells), "a.ipynb"), exercise.name, exercise.stub.read_text())


def test_reference_earns_everything(exercise: Exercise, session: Session):
    cells = exercise_cells(exercise.reference.read_text(), exercise.name)
    source = made(exercise, [*RUNS, *cells, *RUNS]).source
    report = session.grade({exercise.name: source.encode()})
    assert (report.score, report.max_score) == (exercise.max_score, exercise.max_score)


def test_stub_is_all_todo(exercise: Exercise, session: Session):
    cells = exercise_cells(exercise.stub.read_text(), exercise.name)
    report = session.grade({exercise.name: made(exercise, [*cells, *RUNS]).source.encode()})
    assert {check.verdict.value for check in report.checks} == {"todo"}


def test_every_answer_keeps_its_definitions(exercise: Exercise):
    """Helpers, patches and second thoughts of all wrong and accepted answers, each statement a cell."""
    for kind in ("accepted", "wrong"):
        for answer in read_answers(exercise, kind):
            source = answer.source.decode()
            module = made(exercise, [*map(code, top_level(source)), *RUNS])
            ours, theirs = last_definitions(source), last_definitions(module.source)
            assert {name: theirs[name] for name in module.taken} == {name: ours[name] for name in module.taken}, answer
            assert [note for note in module.notes if not note.startswith("no cell defines")] == [], answer


def last_definitions(source: str) -> dict[str, str]:
    """The last statement that binds each name at the top level."""
    found = {}
    for node in ast.parse(source).body:
        for name in [
            getattr(node, "name", ""),
            *(one.id for one in getattr(node, "targets", []) if hasattr(one, "id")),
        ]:
            found[name] = ast.dump(node)
    return found
