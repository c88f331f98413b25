"""How a grading that nobody waits for any more is ended, from another thread than the one that grades."""

import contextlib
import threading
from collections.abc import Iterator

from grader.worker.host import Worker


class Cancelled(BaseException):
    """Nobody wants the verdict any more. No Exception: what checks and the engine catch must not keep it."""


class Cancellation:
    """A wish that a grading, or several, end. It may come before they start, and more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: set[Worker] = set()
        self._wished = False

    def wish(self) -> None:
        """End the grading: workers that it waits for die, and no other is asked."""
        with self._lock:
            self._wished = True
            for worker in self._asked:
                worker.interrupt()

    def heed(self) -> None:
        """Raise Cancelled if the end is wished for."""
        if self._wished:
            raise Cancelled

    @contextlib.contextmanager
    def interrupting(self, worker: Worker) -> Iterator[None]:
        """Let the wish interrupt this worker meanwhile; raises Cancelled before or after, if there is one."""
        with self._lock:
            self.heed()
            self._asked.add(worker)
        try:
            yield
        finally:
            with self._lock:
                self._asked.discard(worker)
        self.heed()
