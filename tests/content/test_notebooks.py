"""The notebook of every exercise on disk: fresh, whole, and of use in a real kernel."""

import json

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
