"""A tiny numpy lesson (`tests/lessons/vectors`) and the real command to grade it with.

Tests run `python -m grader` in a process of its own, as a student or an LMS would.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
LESSONS = Path(__file__).parent / "lessons"
collect_ignore = ["lessons", "attacks"]  # graded through the command
ENVIRONMENT = {
    "PYTHONPATH": str(REPOSITORY),
    "HF_HUB_OFFLINE": "1",
    "LC_ALL": "C.UTF-8",
    "COLUMNS": "80",
    "GRADER_COLD": "1",
}
os.environ["GRADER_COLD"] = "1"  # no test leaves a process behind, but those that are about that one
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts tests in the background has them ignore Ctrl-C


@dataclass(frozen=True)
class Ran:
    """What one run of the command left."""

    status: int
    out: str
    talk: str

    @property
    def report(self) -> Any:
        """The JSON report on standard output."""
        return json.loads(self.out)

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each check of the JSON report."""
        return {check["id"]: check["verdict"] for check in checks(self.report)}

    def check(self, check_id: str) -> Any:
        """One check of the JSON report."""
        return next(check for check in checks(self.report) if check["id"] == check_id)


def checks(report: Any) -> list[Any]:
    """All checks of a JSON report."""
    return [check for exercise in report["exercises"] for check in exercise["checks"]]


@dataclass(frozen=True)
class Lesson:
    """A copy of a fixture lesson, free to be broken."""

    root: Path

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Ran:
        """Run the command in the lesson's folder."""
        with self.running(*arguments, environment=environment) as process:
            out, talk = process.communicate(timeout=120)
        return Ran(process.returncode, out.decode(), talk.decode())

    def running(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """The command, while it runs in the lesson's folder."""
        command = [sys.executable, "-m", "grader", *arguments]
        variables = {"PATH": os.environ["PATH"]} | ENVIRONMENT | (environment or {})
        return subprocess.Popen(command, cwd=self.root, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def at(self, folder: Path) -> "Lesson":
        """The same commands in another folder."""
        return Lesson(folder)

    def grade(self, source: str | bytes, *arguments: str, folder: str = "handed-in") -> Ran:
        """Grade a submission's source; the JSON report is on standard output."""
        self.hand_in(source, folder)
        return self.run("check", "--submission", folder, "--json", "-", *arguments)

    def hand_in(self, source: str | bytes, folder: str = "handed-in") -> None:
        """Put a submission's source into a folder of the lesson."""
        (self.root / folder).mkdir(exist_ok=True)
        (self.root / folder / "vectors.py").write_bytes(source.encode() if isinstance(source, str) else source)

    def copy_exercise(self, name: str) -> None:
        """Add an exercise that differs from `vectors` in its name only."""
        for file in self.root.glob("*/vectors/*.*"):
            copy = file.parents[1] / name / file.name.replace("vectors", name)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(file.read_text().replace("vectors", name))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files and generated parts of documents change through this option only."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with the file that holds what it must be; `make goldens` rewrites the file."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path.name} is not fresh; run `make goldens` and read the diff"

    return compare


@pytest.fixture(scope="session")
def make_lesson() -> Callable[[Path], Lesson]:
    """Makes a copy of the lesson `vectors`, as an instructor has it, in a folder."""
    return lambda folder: Lesson(shutil.copytree(LESSONS / "vectors", folder / "lesson"))


@pytest.fixture
def lesson(make_lesson: Callable[[Path], Lesson], tmp_path: Path) -> Lesson:
    """A lesson of one's own."""
    return make_lesson(tmp_path)


@pytest.fixture(scope="module")
def shared_lesson(make_lesson: Callable[[Path], Lesson], tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """One for all tests of a module: hand in what you like, but leave the rest alone."""
    return make_lesson(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def reference(lesson: Lesson) -> str:
    """The reference solution of the lesson."""
    return (lesson.root / "solutions/vectors/vectors.py").read_text()


@pytest.fixture
def stub(lesson: Lesson) -> str:
    """The stub of the lesson."""
    return (lesson.root / "exercises/vectors/vectors.py").read_text()


@pytest.fixture
def broken_scaled(reference: str) -> Callable[[str], str]:
    """A submission whose `scaled` has another body, while `mean` is right."""

    def make(body: str) -> str:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return f"{reference}\n\ndef scaled(x, factor):\n{lines}\n"

    return make
