"""The progress file: plain, versioned, never lost to two commands at once, and of no weight in a grade."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import progress
from grader.progress import Predicted, Progress, TaskProgress

REPOSITORY = Path(__file__).parents[1]
FILE, ASIDE = ".grader/progress.json", ".grader/progress.broken.json"
HINT = "vectors.1 scaled, hint 1 of 3:\n\n  What does multiplying do to each element?\n"
SET_ASIDE = f"grader: {FILE} cannot be read and is now progress.broken.json; your code is untouched\n"
DAMAGED = [
    b"", b"garbage", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"version": "2"}', b'{"hints": {}}',
    b'{"version": 99, "hints": {"vectors.1": 2}}',
    b'{"version": 1, "hints": {"vectors.1": -5}, "scores": {}}',
    b'{"version": 1, "hints": {"vectors.1": 1e999}, "scores": {}}',
    b'{"version": 1, "hints": {}, "scores": {"vectors": NaN}}',
    b'{"version": 2, "hints": {"vectors.1": "x"}}',
    b'{"version": 2, "tasks": {"vectors.1": {"points": 2.0}}}',
    b'{"version": 2, "scores": {"vectors": 1e308}}',
    b'{"version": 2, "scores": {"vectors": -5}}',
    b'{"version": 2, "failures": {"vectors.1.value": 99999999999999999999999999}}',
    b'{"version": 2, "hints": {"vectors.1": 1}, "scores": {"vect',
]  # fmt: skip


@pytest.fixture
def keep(lesson):
    """Puts content where the progress is kept."""

    def write(content: bytes) -> None:
        (lesson.root / FILE).parent.mkdir(exist_ok=True)
        (lesson.root / FILE).write_bytes(content)

    return write


def kept(lesson) -> dict:
    return json.loads((lesson.root / FILE).read_text())


def test_everything_comes_back(tmp_path):
    with progress.changing(tmp_path, pytest.fail) as written:
        written.hints["a.1"] = 2
        written.scores["a"] = 1.5
        written.tasks["a.1"] = TaskProgress(1.5, done=False)
        written.failures["a.1.law"] = 3
        written.predictions["a.1"] = [Predicted("How many?", "7", right=True)]
    assert progress.read(tmp_path, pytest.fail) == written != Progress()


def test_file_is_plain_and_says_its_version(lesson):
    lesson.run("hint", "vectors.1")
    text = (lesson.root / FILE).read_text()
    assert text.startswith('{\n  "version": 2,\n  "hints": {\n    "vectors.1": 1\n  },\n')
    assert text.endswith("}\n")


def test_version_1_goes_on(lesson, keep):
    keep(b'{"version": 1, "hints": {"vectors.1": 2}, "scores": {"vectors": 6.0}}')
    assert "2 of 2 tasks, 6 of 6 points" in lesson.run("list").out
    assert "hint 3 of 3" in lesson.run("hint", "vectors.1").out
    assert {name: kept(lesson)[name] for name in ("version", "hints", "scores")} == {
        "version": 2, "hints": {"vectors.1": 3}, "scores": {"vectors": 6.0},
    }  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_what_cannot_be_read_is_set_aside_with_a_line(lesson, keep, content):
    keep(content)
    ran = lesson.run("list")
    assert (ran.status, ran.talk) == (0, SET_ASIDE)
    assert "0 of 2 tasks, 0 of 6 points" in ran.out
    assert (lesson.root / ASIDE).read_bytes() == content
    ran = lesson.run("hint", "vectors.1")
    assert (ran.out, ran.talk) == (HINT, "\nAsk again for the next one.\n")


def test_what_cannot_be_read_stops_no_command(lesson, keep):
    for command, status in ((["check"], 1), (["hint", "vectors.1"], 0)):
        keep(b"{")
        ran = lesson.run(*command)
        assert (ran.status, ran.talk.startswith(SET_ASIDE)) == (status, True), ran
        assert kept(lesson)["version"] == 2


def test_progress_that_cannot_be_kept_stops_nobody(lesson):
    (lesson.root / ".grader").write_text("in the way of the folder")
    assert [lesson.run("hint", "vectors.1").out for _ in range(2)] == [HINT, HINT]
    assert lesson.run("check").status == 1


def test_cut_off_while_writing_leaves_the_old_one(lesson, keep, monkeypatch):
    keep(b'{"version": 2, "hints": {"vectors.1": 1}}')

    def cut_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt), progress.changing(lesson.root, pytest.fail) as written:
        written.hints["vectors.1"] = 3
    assert kept(lesson)["hints"] == {"vectors.1": 1}
    assert {path.name for path in (lesson.root / ".grader").iterdir()} == {"progress.json", "progress.lock"}


ADD_FIFTY = """
import sys
from pathlib import Path
from grader import progress
for _ in range(50):
    with progress.changing(Path.cwd(), sys.exit) as kept:
        kept.hints["a.1"] = kept.hints.get("a.1", 0) + 1
"""


def test_commands_at_once_lose_nothing(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}){ADD_FIFTY}"], cwd=tmp_path
        )
        for _ in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    assert progress.read(tmp_path, pytest.fail).hints == {"a.1": 200}


# ---- no part in a grade


def test_forged_progress_moves_no_grade(lesson, keep, broken_scaled):
    def graded(*arguments: str):
        report = lesson.run("check", "--json", "-", *arguments).report
        return [(check["id"], check["verdict"], check["score"]) for check in report["exercises"][0]["checks"]]

    (lesson.root / "exercises/vectors/vectors.py").write_text(broken_scaled("return x + factor"))
    honest = graded(), graded("--full")
    done = {"points": 99.0, "done": True}
    forged = {"version": 2, "scores": {"vectors": 99.0}, "tasks": {"vectors.1": done, "vectors.2": done}}
    keep(json.dumps(forged).encode())
    assert "2 of 2 tasks, 99 of 6 points" in lesson.run("list").out
    assert (graded(), graded("--full")) == honest


def test_nothing_that_grades_knows_of_it():
    """import-linter holds it, where that is installed; this holds it everywhere."""
    knowing = {
        path.relative_to(REPOSITORY / "grader").as_posix()
        for path in (REPOSITORY / "grader").rglob("*.py")
        if re.search(r"grader\.progress import|from grader import .*\bprogress\b", path.read_text())
    }
    assert knowing == {"notebook.py", "standing.py", "student.py", "watch/command.py", "watch/memory.py"}
