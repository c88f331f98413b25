"""Notebooks as submissions, through the real commands, on the lesson `vectors`."""

import json
import shutil
import zipfile

import pytest
from conftest import Lesson
from notebooks import code, exercise_cells, notebook, text

RUNS = [code("!pip install torch\n%matplotlib inline"), text("# Training"), code("while True:\n    pass")]
DOWNLOAD = code("from datasets import load_dataset\ntrain = load_dataset('imdb')")


def hand_in(lesson: Lesson, cells, name: str = "work.ipynb") -> str:
    path = lesson.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook(cells))
    return name


@pytest.fixture
def cells(reference):
    """The reference in the notebook that students get, and what they run besides."""
    return [*exercise_cells(reference, "vectors"), *RUNS, DOWNLOAD]


def test_a_notebook_earns_what_its_answers_earn(lesson, cells):
    ran = lesson.run("check", "--full", "--json", "-", "--submission", hand_in(lesson, cells))
    assert ran.status == 0
    assert ran.report["score"] == 6.0
    assert ran.talk == (
        "note: work.ipynb: taken from cells 2 and 3; what runs besides was left out (cells 5, 7 and 8)\n"
    )


@pytest.mark.parametrize("name", ["vectors.ipynb", "vectors/vectors.ipynb"])
def test_a_folder_may_hold_notebooks(lesson, cells, stub, name):
    hand_in(lesson, cells, f"mine/{name}")
    ran = lesson.run("check", "--submission", "mine")
    assert ran.status == 0
    assert f"note: mine/{name}: taken from cells 2 and 3" in ran.talk
    (lesson.root / "mine/vectors.py").write_text(stub.replace("def", "\n\ndef"))
    assert lesson.run("check", "--submission", "mine").status == 0
    (lesson.root / "mine/vectors.py").write_text("")
    ran = lesson.run("check", "--submission", "mine")
    assert ran.status == 1
    assert ran.talk == f"note: mine/{name} was ignored, for there is mine/vectors.py\n"


def test_the_working_tree_is_graded_by_its_files(lesson, cells, reference):
    """Whatever notebooks lie beside them: the file there is the stub itself."""
    hand_in(lesson, cells, "exercises/vectors/vectors.ipynb")
    assert lesson.run("check").status == 1
    assert lesson.run("check", "--submission", "exercises").status == 1
    (lesson.root / "exercises/vectors/vectors.py").write_text(reference)
    assert lesson.run("check").status == 0


def test_a_zip_may_hold_notebooks(lesson, cells):
    with zipfile.ZipFile(lesson.root / "mine.zip", "w") as archive:
        archive.writestr("homework/vectors.ipynb", notebook(cells))
        archive.writestr("homework/data.csv", "1,2")
    ran = lesson.run("check", "--submission", "mine.zip")
    assert ran.status == 0
    assert "note: mine.zip: homework/vectors.ipynb: taken from cells 2 and 3" in ran.talk
    assert "note: also holds homework/data.csv, which was ignored" in ran.talk


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nowhere.zip", "no such file or folder; name the LMS's zip, or the folder of the hand-ins"),
        ("x" * 300 + ".zip", "cannot be read (File name too long); check its name and permissions"),
        ("broken.zip", "is no zip, or a broken one (File is not a zip file); ask for it again"),
    ],
    ids=["nowhere", "long", "broken"],
)
def test_a_zip_that_cannot_be_read_is_refused_in_a_line(shared_lesson, name, line):
    (shared_lesson.root / "broken.zip").write_bytes(b"PK")
    ran = shared_lesson.run("check", "--submission", name)
    assert (ran.status, ran.out, ran.talk) == (2, "", f"grader: {name}: {line}\n")


def test_a_failure_leads_to_its_cell(lesson, stub):
    cells = exercise_cells(stub, "vectors")
    cells[1]["source"] = "%%time\nimport math\n\ndef scaled(x, factor):\n    return helper(x)\n"
    cells.insert(2, code("def helper(x):\n    # nothing\n    return x * undefined"))
    ran = lesson.run("check", "--json", "-", "--submission", hand_in(lesson, cells))
    lines = ran.check("vectors.1.value")["message"].split("\n")
    assert lines[:3] == [
        "your code raised: NameError: name 'undefined' is not defined",
        "  cell 2, line 5 in scaled: return helper(x)",
        "  cell 3, line 3 in helper: return x * undefined",
    ]
    assert ran.verdicts["vectors.2.value"] == "skipped"


def test_a_broken_cell_costs_what_it_defines(lesson, cells):
    cells.insert(3, code("def mean(x):\n    return (sum(x) / len(x)", "vectors-mean"))
    cells[2]["source"] = "mean = 5"
    ran = lesson.run("check", "--json", "-", "--submission", hand_in(lesson, cells))
    assert ran.verdicts["vectors.1.value"] == "pass"
    assert ran.check("vectors.2.value")["message"].split("\n")[:2] == [
        "your code raised: SyntaxError: '(' was never closed",
        "  cell 4, line 2 in mean: def mean(*_, **__): raise SyntaxError(\"'(' was never closed\")",
    ]
    assert "work.ipynb: cell 4, line 2: '(' was never closed; what it defines was not taken" in ran.talk


def test_a_notebook_that_cannot_be_loaded_is_called_one(lesson, cells):
    cells.append(code("def scaled(x, factor, kind=unknown):\n    return x * factor", "vectors-scaled"))
    ran = lesson.run("check", "--json", "-", "--submission", hand_in(lesson, cells))
    assert ran.check("vectors.1.value")["message"].split("\n")[:2] == [
        "your notebook cannot be loaded: NameError: name 'unknown' is not defined",
        "  cell 9, line 1 in <module>: def scaled(x, factor, kind=unknown):",
    ]


def test_what_no_cell_defines_is_not_started(lesson, cells):
    del cells[2]
    ran = lesson.run("check", "--json", "-", "--submission", hand_in(lesson, cells))
    assert {ran.verdicts[name] for name in ("vectors.2.value", "vectors.2.empty")} == {"todo"}
    assert "no cell defines `mean`: the stub's counts" in ran.talk


def test_what_an_instructor_filled_is_nobodys_answer(lesson, cells):
    """The stub is what was handed out, not what its file has become since."""
    shutil.copy(lesson.root / "solutions/vectors/vectors.py", lesson.root / "exercises/vectors/vectors.py")
    del cells[2]
    ran = lesson.run("check", "--json", "-", "--submission", hand_in(lesson, cells))
    assert {ran.verdicts[name] for name in ("vectors.2.value", "vectors.2.empty")} == {"todo"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "work.ipynb: is empty"),
        (b"\x7f", "work.ipynb: is not a notebook, or a broken one (JSON is malformed: invalid character (byte 0))"),
        (b"[" * 100_000, "work.ipynb: is not a notebook (Expected `object`, got `array`)"),
        (b" " * (33 * 2**20), "work.ipynb: is larger than 32 MiB; hand in the source alone"),
        (notebook([text("# a")]), "work.ipynb: is a notebook without any code"),
    ],
    ids=["empty", "binary", "array", "huge", "text"],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_a_line(shared_lesson, content, line):
    (shared_lesson.root / "work.ipynb").write_bytes(content)
    ran = shared_lesson.run("check", "--submission", "work.ipynb")
    assert (ran.status, ran.out, ran.talk) == (2, "", f"grader: {line}\n")


def test_a_class_in_nbgraders_layout(lesson, cells, stub):
    """Ada's and Bob's cells hold the same, whatever they drew; Cyd did not begin, and Dan's is no notebook."""
    for name in ("ada", "bob"):
        hand_in(lesson, [one | {"outputs": [name]} for one in cells], f"class/submitted/{name}/ps1/vectors.ipynb")
    hand_in(lesson, exercise_cells(stub, "vectors"), "class/submitted/cyd/ps1/vectors.ipynb")
    (lesson.root / "class/submitted/dan/ps1").mkdir(parents=True)
    (lesson.root / "class/submitted/dan/ps1/vectors.ipynb").write_text("{}")
    ran = lesson.run("batch", "class", "--out", "results")
    assert ran.status == 0, ran.talk
    assert "nbgrader course: 4 students" in ran.talk
    assert "4 students: 2 files need judging" in ran.talk
    data = json.loads((lesson.root / "results/results.json").read_text())
    grades = {grade["student"]["key"]: grade for grade in data["grades"]}
    assert {key: grade["report"] and grade["report"]["score"] for key, grade in grades.items()} == {
        "ada": 6.0, "bob": 6.0, "cyd": 0.0, "dan": None,
    }  # fmt: skip
    assert grades["dan"]["problem"].endswith("is not a notebook (Object missing required field `nbformat`)")
    assert grades["ada"]["notes"] == []
    assert grades["ada"]["accounts"][0].endswith(
        "ps1/vectors.ipynb: taken from cells 2 and 3; what runs besides was left out (cells 5, 7 and 8)"
    )
    page = (lesson.root / "results/students/ada.html").read_text()
    assert "<bdi>ada/ps1/vectors.ipynb: taken from cells 2 and 3" in page
    hand_in(lesson, [one | {"outputs": ["again"]} for one in cells], "class/submitted/ada/ps1/vectors.ipynb")
    assert "all is known, nothing needs judging" in lesson.run("batch", "class", "--out", "results").talk
