"""Where fork is missing or unsafe, workers are processes of their own: the same verdicts, only slower."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.catalog import read_catalog
from grader.grade import Session

BODIES = {
    "right": "return float(x.sum() / len(x))",
    "exit": "import os; os._exit(5)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "loop": "while True: pass",
    "exception": "raise ValueError(x)",
    "printing": "print(x); return 0.0",
    "channel": "import os; os.closerange(3, 64)",
    "child": "import os, time\n    if not os.fork(): os.execlp('sleep', '{mark}', '600')\n    return float(x.mean())",
}
MARK = f"left-by-{os.getpid()}"
ON_A_MAC = """
import sys
import grader.grade
from grader.cli import main
sys.platform = "darwin"
sys.argv = ["grader", *sys.argv[1:]]
main()
"""


def submission(body: str) -> bytes:
    scaled = "def scaled(x, factor):\n    return x * factor\n\n\n"
    mean = "def mean(x):\n    if not len(x):\n        raise ValueError\n    "
    return (scaled + mean + body.replace("{mark}", MARK) + "\n").encode()


def graded(lesson, fork: bool):
    """The reports on all submissions, by name."""
    sources = [{"vectors": submission(body)} for body in BODIES.values()] + [{"vectors": b"def f(:"}]
    with Session(read_catalog(lesson.root).exercises, fork=fork) as session:
        reports = [session.grade(source) for source in sources]
    return dict(zip([*BODIES, "syntax error"], reports, strict=True))


@pytest.fixture(scope="module")
def spawned(shared_lesson):
    return graded(shared_lesson, fork=False)


@pytest.fixture(scope="module")
def forked(shared_lesson):
    return graded(shared_lesson, fork=True)


# A child is what only a jail prevents.
@pytest.mark.parametrize("name", [*(name for name in BODIES if name != "child"), "syntax error"])
def test_verdicts_and_messages_are_the_same(spawned, forked, name):
    told = [
        [(check.id, check.verdict, check.message) for check in reports[name].checks] for reports in (spawned, forked)
    ]
    assert told[0] == told[1]


def test_deaths_are_verdicts(spawned):
    assert {name: [check.verdict for check in report.checks][2] for name, report in spawned.items()} == {
        "right": "pass", "exit": "fail", "segfault": "fail", "loop": "fail", "exception": "fail", "printing": "fail",
        "channel": "fail", "child": "pass", "syntax error": "skipped",
    }  # fmt: skip


@pytest.mark.usefixtures("spawned", "forked")
def test_no_process_is_left_behind():
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not any(MARK.encode() in command for command in commands)


def test_it_is_said_once(lesson, reference):
    lesson.hand_in(reference)
    command = [sys.executable, "-c", ON_A_MAC, "check", "--submission", "handed-in"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "80"}
    ran = subprocess.run(command, cwd=lesson.root, env=environment, capture_output=True, text=True, check=False)
    assert ran.stderr == (
        "This platform cannot fork a warm process safely: each worker starts afresh, which takes some seconds.\n"
    )
    assert ran.returncode == 0
    assert "6 of 6" in ran.stdout


def test_forked_workers_need_no_notice(shared_lesson):
    with Session(read_catalog(shared_lesson.root).exercises, fork=True) as session:
        assert session.notice == ""
