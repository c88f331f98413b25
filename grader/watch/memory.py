"""What `grader watch` shares with other commands by files: the progress, and copies of stubs that nobody has edited."""

import contextlib
from collections.abc import Callable, Container
from pathlib import Path

from grader import files, progress
from grader.authoring.stubs import stub_of
from grader.catalog import Catalog, Exercise
from grader.progress import FOLDER, Progress
from grader.report import Report
from grader.watch.reset import holes_of


def remember(root: Path, report: Report, known: Container[str], tell: Callable[[str], None]) -> Progress:
    """Keep where the student stands, and say how that is; the `known` checks were judged before."""
    with progress.changing(root, tell) as kept:
        progress.note(kept, report, known)
    return kept


def keep_stubs(catalog: Catalog) -> None:
    """Copy the stubs that still have a hole for every task, for `stub_for`; one that is kept stays."""
    for exercise in catalog.exercises:
        copy = _copy_of(catalog.root, exercise)
        if copy.exists() or exercise.reference.is_file():
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):  # a convenience
            text = exercise.stub.read_text("utf-8")
            if {task.id for task in exercise.config.tasks} <= holes_of(text):
                files.replace(copy, text)


def stub_for(root: Path, exercise: Exercise) -> str | None:
    """The stub of an exercise as it was handed out; None where nobody kept it."""
    if exercise.reference.is_file():
        return stub_of(exercise.reference)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _copy_of(root, exercise).read_text("utf-8")
    return None


def keep_before_reset(root: Path, exercise: Exercise) -> Path:
    """Copy what a student has written, before a part of it is replaced; raises OSError."""
    copy = root / FOLDER / "before-reset" / exercise.stub.name
    files.replace(copy, exercise.stub.read_bytes())
    return copy


def _copy_of(root: Path, exercise: Exercise) -> Path:
    return root / FOLDER / "stubs" / exercise.stub.name
