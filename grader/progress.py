"""Where one student stands, in a plain file of their own: a convenience, never trusted for grading.

`.grader/progress.json` is replaced in one step, under a lock while it is changed. One that cannot be read is set aside,
with a line, and counts as none.
"""

import contextlib
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from grader import files
from grader.report import Report
from grader.verdict import Verdict

FOLDER = ".grader"
NAME, LOCK, BROKEN = "progress.json", "progress.lock", "progress.broken.json"
MOST = 1_000_000
"""More than any count or score that we write; a file that says more is not ours, and would be in the way of sums."""
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Points = Annotated[float, msgspec.Meta(ge=0, le=MOST)]


class TaskProgress(msgspec.Struct, frozen=True):
    """What the last check said of a task."""

    points: Points
    done: bool
    """whether all of its checks that could judge passed"""


class Predicted(msgspec.Struct, frozen=True):
    """What a student answered, before they knew."""

    question: str
    answer: str
    right: bool


class Progress(msgspec.Struct):
    """What the file holds, version 2."""

    version: Literal[2] = 2
    hints: dict[str, Count] = {}
    """task id -> number of hints seen"""
    scores: dict[str, Points] = {}
    """exercise -> points in its last check"""
    tasks: dict[str, TaskProgress] = {}
    """task id -> the same for each task"""
    failures: dict[str, Count] = {}
    """check id -> how often it failed since it last passed"""
    predictions: dict[str, list[Predicted]] = {}
    """task id -> questions answered"""


class _Version(msgspec.Struct):
    version: int


class _Version1(msgspec.Struct):
    hints: dict[str, Count]
    scores: dict[str, Points]


def path_of(root: Path) -> Path:
    """The progress file of a lesson's folder."""
    return root / FOLDER / NAME


def read(root: Path, tell: Callable[[str], None]) -> Progress:
    """The progress kept in `root`; one that is missing or cannot be read counts as none, and the latter is told."""
    try:
        return _read(root)
    except msgspec.DecodeError:
        with files.locked(root / FOLDER / LOCK):
            return _read_or_set_aside(root, tell)


@contextlib.contextmanager
def changing(root: Path, tell: Callable[[str], None]) -> Iterator[Progress]:
    """The progress, to be changed: written when the block ends, and meanwhile by nobody else.

    A folder that cannot be written to is no reason to stop a student.
    """
    with files.locked(root / FOLDER / LOCK):
        progress = _read_or_set_aside(root, tell)
        yield progress
        with contextlib.suppress(OSError):
            files.replace(path_of(root), msgspec.json.format(msgspec.json.encode(progress), indent=2) + b"\n")


def note(progress: Progress, report: Report, known: Container[str] = ()) -> None:
    """Enter what a check said; failures of the `known` ones were entered before, when they were judged."""
    for exercise in report.exercises:
        progress.scores[exercise.name] = exercise.score
        for task in exercise.tasks:
            verdicts = {check.verdict for check in exercise.checks if check.task == task.id}
            done = Verdict.PASS in verdicts <= {Verdict.PASS, Verdict.BROKEN}
            progress.tasks[task.id] = TaskProgress(task.score, done)
    for check in report.checks:
        if check.verdict is Verdict.FAIL and check.id not in known:
            progress.failures[check.id] = progress.failures.get(check.id, 0) + 1
        if check.verdict is Verdict.PASS:
            progress.failures.pop(check.id, None)


def next_hint(root: Path, task_id: str, known: int, tell: Callable[[str], None]) -> int:
    """The place of a task's next hint among so many known ones, which is seen from now on: each is stronger."""
    with changing(root, tell) as progress:
        seen = min(progress.hints.get(task_id, 0), known - 1)
        progress.hints[task_id] = seen + 1
    return seen


def _read(root: Path) -> Progress:
    """Raises DecodeError for a file that holds no progress, or that of a newer grader."""
    try:
        content = path_of(root).read_bytes()
    except OSError:
        return Progress()
    try:
        if msgspec.json.decode(content, type=_Version).version != 1:
            return msgspec.json.decode(content, type=Progress)
        old = msgspec.json.decode(content, type=_Version1)
    except RecursionError:
        raise msgspec.DecodeError from None
    return Progress(hints=old.hints, scores=old.scores)


def _read_or_set_aside(root: Path, tell: Callable[[str], None]) -> Progress:
    """The lock must be held: another process may be about to replace what cannot be read."""
    try:
        return _read(root)
    except msgspec.DecodeError:
        with contextlib.suppress(OSError):
            path_of(root).replace(root / FOLDER / BROKEN)
        tell(f"{FOLDER}/{NAME} cannot be read and is now {BROKEN}; your code is untouched")
        return Progress()
