"""Tells whoever waits how far a batch is: a bar on a terminal, plain lines elsewhere, failures as they come."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.batch.run import Planned
from grader.batch.store import Kept
from grader.verdict import Verdict, cause

LINE_EVERY_S = 10.0
NOTED_KINDS = {
    "hung": "a time limit was hit",
    "limit": "a limit was hit",
    "died": "its process died",
    "forbidden": "it imports what is forbidden",
}


class Talk:
    """What is said while a batch runs."""

    def __init__(self, stream: TextIO, files: int) -> None:
        """So many files are to be judged."""
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._files, self._judged = files, 0
        self._last_line = time.monotonic()
        self._bar: Progress | None = None
        if self._console.is_terminal:
            # Refreshed by hand: a thread of its own would be in the way of forking processes.
            columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TextColumn("files, left"))
            remaining = TimeRemainingColumn(compact=True)
            self._bar = Progress(*columns, remaining, console=self._console, auto_refresh=False, transient=True)
            self._task = self._bar.add_task("", total=files)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def judged(self, planned: Planned, verdicts: Mapping[str, Kept]) -> None:
        """What became of one file."""
        self._judged += 1
        kinds = [cause(kept.kind) for kept in verdicts.values()]
        notes = [words for kind, words in NOTED_KINDS.items() if kind in kinds]
        broken = [kept.message.splitlines()[0] for kept in verdicts.values() if kept.verdict is Verdict.BROKEN]
        if broken:
            notes = [f"could not be judged, which is our fault: {broken[0]}"]
        for note in notes:
            self._console.print(f"{planned.handed.student.key}, {planned.exercise}: {note}", markup=False)
        if self._bar:
            self._bar.update(self._task, completed=self._judged, refresh=True)
        elif time.monotonic() - self._last_line > LINE_EVERY_S:
            self._last_line = time.monotonic()
            self._console.print(f"{self._judged} of {self._files} files judged")

    def retrying(self, files: int) -> None:
        """So many files are judged once more, because what came of them may be our fault."""
        self._console.print(
            f"{files} file{'s are' if files != 1 else ' is'} judged once more: it may not be their fault"
        )
