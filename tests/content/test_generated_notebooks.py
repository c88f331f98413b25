"""The notebook of every exercise on disk: fresh, whole, and of use in a real kernel."""

import json
from pathlib import Path
from typing import Any

import kernel

from grader.authoring.notebooks import make_notebook
from grader.catalog import Exercise


def test_notebook_is_fresh(exercise: Exercise):
    assert exercise.notebook.read_text("utf-8") == make_notebook(exercise), "run `make notebooks`"


def test_notebook_has_every_statement_of_the_stub_and_every_task(exercise: Exercise):
    cells = json.loads(make_notebook(exercise))["cells"]
    texts = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    code = "\n".join(text for name, text in texts.items() if not name.startswith("lesson-"))
    for line in exercise.stub.read_text("utf-8").split('"""', 2)[2].splitlines():
        assert not line or line.startswith("# ----") or line in code
    for task in exercise.config.tasks:
        assert f'g.check("{task.id}")' in texts[task.id.replace(".", "-")]
    order = [cell["id"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
    assert order == [task.id.replace(".", "-") for task in exercise.config.tasks]


def is_check(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("grade"))


def test_notebook_runs_in_a_kernel(exercise: Exercise, tmp_path: Path):
    """As it is, the library's way runs and nothing is started; with the reference's cells, all points are there."""
    untouched = [cell for cell in json.loads(make_notebook(exercise))["cells"] if cell["cell_type"] == "code"]
    solved = json.loads(make_notebook(exercise, solved=True))["cells"]
    answers = [cell for cell in solved if cell["metadata"].get("nbgrader", {}).get("solution")]
    cells = [*untouched, *answers, *filter(is_check, untouched)]
    outputs = kernel.run(["".join(cell["source"]) for cell in cells], exercise.folder, tmp_path)
    assert [output for said in outputs for output in said if output.output_type == "error"] == []
    checks = [said for cell, said in zip(cells, outputs, strict=True) if is_check(cell)]
    tasks = exercise.config.tasks
    for task, said in zip(tasks, checks[: len(tasks)], strict=True):
        assert "not started" in kernel.said(said) or "skipped: builds on" in kernel.said(said), task.id
    points = [said[-1].data["text/plain"] for said in checks]
    assert points == [*["0.0"] * len(tasks), *[str(float(task.points)) for task in tasks]]
