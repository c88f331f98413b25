"""A tiny numpy lesson (`tests/lessons/vectors`) and the real command to grade it with.

Tests run `python -m grader` in a process of its own, as a student or an LMS would.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
LESSONS = Path(__file__).parent / "lessons"
ENVIRONMENT = {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}


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
        command = [sys.executable, "-m", "grader", *arguments]
        variables = {"PATH": os.environ["PATH"]} | ENVIRONMENT | (environment or {})
        done = subprocess.run(command, cwd=self.root, env=variables, capture_output=True, timeout=120, check=False)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def grade(self, source: str | bytes, *arguments: str) -> Ran:
        """Grade a submission's source; the JSON report is on standard output."""
        folder = self.root / "handed-in"
        folder.mkdir(exist_ok=True)
        (folder / "vectors.py").write_bytes(source.encode() if isinstance(source, str) else source)
        return self.run("check", "--submission", "handed-in", "--json", "-", *arguments)


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    """The lesson `vectors`, as an instructor has it."""
    return Lesson(shutil.copytree(LESSONS / "vectors", tmp_path / "lesson"))


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
