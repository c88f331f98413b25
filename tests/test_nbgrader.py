"""A course of nbgrader, by its own commands: what students get, earn and read, and what none of them can forge."""

import csv
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.authoring.notebooks import make_notebook
from grader.authoring.stubs import stub_of
from grader.catalog import Exercise, read_catalog
from grader.grade import Session

REPOSITORY = Path(__file__).parents[1]
SCALED = "def scaled(x, factor):\n    return x * factor"
MEAN = "def mean(x):\n    if not len(x):\n        raise ValueError\n    return float(x.sum() / len(x))"
WARNS = "import sys, warnings\nwarnings.warn('as libraries do')\nprint('and so on', file=sys.stderr)\n"
FORGES = """\
import grader.notebook, os, pathlib
grader.notebook.check = g.check = lambda *_: 12.0
print(6.0)
pathlib.Path("was-here").touch()
"""
ANSWERS: dict[str, dict[str, str]] = {
    "right": {"scaled": SCALED, "mean": MEAN},
    "wrong": {"scaled": SCALED.replace("* factor", "* abs(factor)"), "mean": MEAN},
    "hidden": {"scaled": SCALED, "mean": MEAN.replace("return", "return 0.0 if len(x) == 6 else")},
    "untouched": {},
    "hanging": {"scaled": SCALED, "mean": "def mean(x):\n    while True:\n        pass"},
    "warning": {"scaled": WARNS + SCALED, "mean": WARNS + MEAN},
    "forging": {"scaled": FORGES + "def scaled(x, factor):\n    return 12.0"},
    "marking": {"scaled": "def scaled(x, factor):\n    raise KeyError('<script>alert(1)</script>')", "mean": MEAN},
}
"""What students write into solution cells, by the names that these define."""
OWN = [
    ("own-answer", {"solution": True}, "### BEGIN SOLUTION\nanswer = 42\n### END SOLUTION"),
    ("own-test", {"grade": True, "locked": True, "points": 1}, "assert answer == 42"),
]
"""A notebook of the instructor's own, in the same assignment."""


@dataclass(frozen=True)
class Course:
    """A course's folder, and the exercise that it was made of."""

    folder: Path
    exercise: Exercise

    @classmethod
    def of(cls, lesson: Path, name: str, folder: Path) -> "Course":
        """The course of an exercise, written by our command."""
        command = [sys.executable, "-m", "grader", "nbgrader", str(folder), name]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        subprocess.run(command, cwd=lesson, env=environment, capture_output=True, check=True)
        return cls(folder, read_catalog(lesson).select((name,))[0])

    def run(self, *arguments: str, status: int = 0) -> str:
        """One of nbgrader's commands, in the course's folder; what it tells."""
        own = {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        own |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "IPYTHONDIR": str(self.folder),
        }
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | own, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        return done.stderr

    def notebook(self, stage: str) -> Any:
        """The exercise's notebook in one of nbgrader's folders."""
        name = self.exercise.name
        return nbformat.read(self.folder / stage / name / f"{name}.ipynb", 4)

    def hand_in(self, student: str, change: Callable[[Any], None], name: str = "") -> None:
        """Hand in a notebook that students got, changed in some way."""
        file = f"{self.exercise.name}/{name or self.exercise.name}.ipynb"
        notebook = nbformat.read(self.folder / "release" / file, 4)
        change(notebook)
        place = self.folder / "submitted" / student / file
        place.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, place)

    def points(self, student: str) -> dict[str, float | None]:
        """What the gradebook has for each graded cell of a student."""
        query = (
            "select base_cell.name, grade.auto_score from grade join base_cell on base_cell.id = grade.cell_id"
            " join submitted_notebook on submitted_notebook.id = grade.notebook_id"
            " join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id"
            " where submitted_assignment.student_id = ? order by base_cell.name"
        )
        with sqlite3.connect(self.folder / "gradebook.db") as database:
            return dict(database.execute(query, [student]).fetchall())

    def own_report(self, sources: dict[str, str]) -> dict[str, dict[str, float]]:
        """The points of each task by our own report, with the hidden checks, of each of these modules."""
        found = {}
        with Session((self.exercise,), full=True) as session:
            for student, source in sources.items():
                (result,) = session.grade({self.exercise.name: source.encode()}).exercises
                found[student] = {task.id.replace(".", "-"): task.score for task in result.tasks}
        return found


def fill(answers: dict[str, str]) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "").partition("-")[2]
            cell.source = answers.get(name, cell.source)

    return change


def claim(notebook: Any) -> None:
    """Pass the points off as the outputs of check cells that were changed."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = "6.0"
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2.0"}, execution_count=1)]


def join(notebook: Any) -> None:
    """Leave one cell that nothing marks, after one that no kernel could run, in a format in which cells have no ids."""
    sources = ["%pip install peft\nimport no_such_library", f"!nvidia-smi\n{MEAN}\n{SCALED}"]
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]


def write_own(folder: Path, *more: tuple[str, dict[str, Any], str]) -> None:
    """Write a notebook of the instructor's own."""
    cells = []
    for grade_id, marks, source in (*OWN, *more):
        unless = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
        cells.append(nbformat.v4.new_code_cell(source, metadata={"nbgrader": unless | marks | {"grade_id": grade_id}}))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder)


@pytest.fixture(scope="module")
def course(make_lesson, tmp_path_factory) -> Course:
    """A class that went all the way."""
    folder = tmp_path_factory.mktemp("nbgrader")
    course = Course.of(make_lesson(folder).root, "vectors", folder / "course")
    write_own(course.folder / "source/vectors/own.ipynb")
    mixed = 'g.check("vectors.1")'
    write_own(
        course.folder / "source/vectors/mixed.ipynb", ("mixed", {"grade": True, "locked": True, "points": 1}, mixed)
    )
    course.run("generate_assignment", "vectors")
    for student, answers in ANSWERS.items():
        course.hand_in(student, fill(answers))
    course.hand_in("right", fill({"answer": "answer = 42"}), "own")
    course.hand_in("claiming", claim)
    course.hand_in("joining", join)
    course.run("autograde", "vectors")
    course.run("generate_feedback", "vectors")
    return course


def feedback(course: Course, student: str) -> str:
    return (course.folder / f"feedback/{student}/vectors/vectors.html").read_text()


def test_students_get_the_notebook_of_the_exercise_and_no_solution(course):
    given = course.notebook("release")
    ours = nbformat.reads(make_notebook(course.exercise), 4)
    assert [(cell.cell_type, cell.id, cell.source) for cell in given.cells] == [
        (cell.cell_type, cell.id, cell.source) for cell in ours.cells
    ]
    for path in (course.folder / "release").rglob("*"):
        assert path.is_dir() or not re.search(r"SOLUTION|x \* factor|the mean of nothing|answer = 42", path.read_text())


def test_students_get_what_checks_their_work(course):
    given = course.folder / "release/vectors/exercises/vectors"
    assert {path.name for path in given.iterdir()} == {
        "exercise.toml",
        "oracle.py",
        "probes.py",
        "test_vectors.py",
        "vectors.py",
    }


def test_every_task_earns_what_our_own_report_says(course):
    stub = stub_of(course.exercise.reference)
    modules = {student: "\n\n".join([stub, *answers.values()]) for student, answers in ANSWERS.items()}
    modules |= {student: modules[same] for student, same in (("claiming", "untouched"), ("joining", "right"))}
    modules["forging"] = modules["forging"].replace(FORGES, "")
    earned = {student: course.points(student) for student in modules}
    run = {student: (earned[student].pop("own-test", None), earned[student].pop("mixed", None)) for student in modules}
    assert earned == course.own_report(modules)
    assert earned == {
        "right": {"vectors-1": 2.0, "vectors-2": 4.0},
        "wrong": {"vectors-1": 0.5, "vectors-2": 0.0},
        "hidden": {"vectors-1": 2.0, "vectors-2": 2.0},
        "untouched": {"vectors-1": 0.0, "vectors-2": 0.0},
        "hanging": {"vectors-1": 2.0, "vectors-2": 0.0},
        "warning": {"vectors-1": 2.0, "vectors-2": 4.0},
        "forging": {"vectors-1": 0.0, "vectors-2": 0.0},
        "marking": {"vectors-1": 0.0, "vectors-2": 0.0},
        "claiming": {"vectors-1": 0.0, "vectors-2": 0.0},
        "joining": {"vectors-1": 2.0, "vectors-2": 4.0},
    }
    assert run["right"] == (1.0, 0.0)  # one was run in a kernel as ever, the other not handed in


def test_no_cell_of_a_student_runs(course):
    assert list(course.folder.rglob("was-here")) == []
    for cell in course.notebook("autograded/forging").cells:
        is_check = cell.metadata.get("nbgrader", {}).get("grade")
        assert cell.cell_type == "markdown" or bool(cell.outputs) == bool(is_check)


def test_feedback_says_what_our_report_says(course):
    text = feedback(course, "wrong")
    assert "every element is multiplied by the factor" in text
    assert "expected  [" in text
    assert "hint: look at one element" in text
    assert "All public checks" not in text


def test_feedback_says_of_hidden_checks_their_kind_alone(course):
    text = feedback(course, "hidden")
    assert "fail: hidden: negative numbers count" in text
    assert "failed on a hidden case (value)" in text
    assert "expected  [" not in text
    assert "think about signs" in text


def test_feedback_is_escaped(course):
    text = feedback(course, "marking")
    assert "KeyError: '&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text


def test_feedback_says_once_what_was_taken_from_where(course):
    for student in ("right", "wrong"):
        assert feedback(course, student).count("taken from cells 4 and 6") == 1
    assert "what runs besides was left out (cells 1 and 2)" in feedback(course, "joining")


def test_outputs_that_were_handed_in_are_never_believed(course):
    course.run("autograde", "vectors", "--force", "--no-execute", "--student", "claiming")
    assert set(course.points("claiming").values()) <= {0.0}


def test_what_our_own_fault_keeps_from_being_graded_is_no_zero(course):
    """Nor are cells among our tasks full marks, because nobody ran them. It breaks the lesson, so it comes last."""
    oracle = course.exercise.oracle
    oracle.write_text(oracle.read_text().replace("return np.multiply(x, factor)", "raise OSError"))
    course.hand_in("x-right", fill(ANSWERS["right"]))
    course.hand_in("x-mixed", lambda _: None, "mixed")
    talk = course.run("autograde", "vectors", "--student", "x-*", status=1)
    assert "vectors.1.value could not be judged, by a fault of the grader" in talk
    assert "mixed: own-test is graded by running it; put it into a notebook of its own" in talk
    for student in ("x-right", "x-mixed"):
        assert f"There was an error processing assignment 'vectors' for student '{student}'" in talk
        assert not (course.folder / "autograded" / student / "vectors").exists()
    assert course.points("x-right")["vectors-1"] is None
    assert course.points("x-mixed")["mixed"] is None
    with sqlite3.connect(course.folder / "gradebook.db") as database:
        (by_hand,) = database.execute("select count(*) from grade where needs_manual_grade and auto_score is null")
    assert by_hand[0] >= 3
    course.run("export")
    with (course.folder / "grades.csv").open() as file:
        scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert scores.pop("x-right") == scores.pop("x-mixed") == ""
    assert scores.keys() == ANSWERS.keys() | {"claiming", "joining"}
    for student, score in scores.items():
        assert float(score) == sum(filter(None, course.points(student).values()))


def test_course_without_the_grader_is_not_graded_at_all(course):
    """Nbgrader goes on without a configuration that it cannot load, and would run the code of students."""
    config = course.folder / "nbgrader_config.py"
    text = config.read_text()
    try:
        config.write_text(text.replace("grader.nbgrader", "grader.no_such_module"))
        assert "No module named 'grader.no_such_module'" in course.run("autograde", "vectors", "--force", status=1)
        config.write_text(re.sub(r"lesson='.*'", "lesson='/nowhere'", text))
        talk = course.run("autograde", "vectors", "--force", "--student", "right", status=1)
        assert "no task is called `vectors.1`" in talk
    finally:
        config.write_text(text)


def test_real_exercise_earns_the_same(tmp_path):
    """Correct, and with a mistake in one cell; the instructor has doubled the points of a task."""
    course = Course.of(REPOSITORY, "lora", tmp_path / "course")
    source = course.folder / "source/lora/lora.ipynb"
    source.write_text(source.read_text().replace('"points": 3,', '"points": 6,'))
    course.run("generate_assignment", "lora")
    solved = {
        cell.metadata.nbgrader.grade_id.partition("-")[2]: cell.source
        for cell in nbformat.reads(make_notebook(course.exercise, solved=True), 4).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    mistaken = solved | {"lora_scale": "def lora_scale(alpha, r, rslora=False):\n    return alpha / r"}
    course.hand_in("right", fill(solved))
    course.hand_in("mistaken", fill(mistaken))
    course.run("autograde", "lora")
    stub = stub_of(course.exercise.reference)
    expected = course.own_report(
        {name: "\n\n".join([stub, *cells.values()]) for name, cells in (("right", solved), ("mistaken", mistaken))}
    )
    for points in expected.values():
        points["lora-1"] *= 2
    assert {student: course.points(student) for student in expected} == expected
    assert sum(expected["right"].values()) == 39 + 3
    assert 0 < expected["mistaken"]["lora-1"] < 6
