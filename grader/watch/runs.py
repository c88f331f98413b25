"""Runs checks beside the screen: one run at a time, in a thread of its own, and a new one ends the one before."""

import concurrent.futures
import queue
from collections.abc import Callable
from dataclasses import dataclass

from grader.catalog import Exercise
from grader.checking.cancelling import Cancellation, Cancelled
from grader.grade import DEFAULT_SEED, Session
from grader.report import Judged
from grader.watch.board import Plan, Record
from grader.watch.units import Units


@dataclass(frozen=True)
class Run:
    """What is graded, and how its end may be wished for."""

    exercise: Exercise
    source: bytes
    units: Units
    plan: Plan
    first: frozenset[str]
    cancellation: Cancellation


@dataclass(frozen=True)
class Step:
    """A run has judged one more check."""

    run: Run
    judged: Judged


@dataclass(frozen=True)
class Finished:
    """A run is over; no record where the grader itself failed, as `error` then says."""

    run: Run
    record: Record | None
    error: str = ""


class Runs:
    """The thread that grades. What becomes of its runs lies in `news`, each announced by `wake`."""

    def __init__(self, session: Session, wake: Callable[[], None]) -> None:
        self.news: queue.SimpleQueue[Step | Finished] = queue.SimpleQueue()
        self._session, self._wake = session, wake
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._latest: Run | None = None

    def start(self, exercise: Exercise, source: bytes, units: Units, plan: Plan, first: frozenset[str]) -> None:
        """Begin a run as soon as the one before has ended."""
        self.cancel()
        run = self._latest = Run(exercise, source, units, plan, first, Cancellation())
        self._thread.submit(self._grade, run)

    def cancel(self) -> None:
        """End the latest run, if it still goes on: its news are no news any more."""
        if self._latest:
            self._latest.cancellation.wish()
            self._latest = None

    def is_latest(self, news: Step | Finished) -> bool:
        """Whether news are of the run that was started last."""
        return news.run is self._latest

    def close(self) -> None:
        """End everything."""
        self.cancel()
        self._thread.shutdown()

    def _grade(self, run: Run) -> None:
        try:
            self._tell(Finished(run, self._judge(run)))
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001 - of the grader itself: told, so that the next save tries again
            self._tell(Finished(run, None, f"{type(error).__name__}: {error}"))

    def _judge(self, run: Run) -> Record:
        run.cancellation.heed()
        known = {check: judged.verdict for check, judged in run.plan.kept.items()}
        grading = self._session.judge(
            run.exercise.name,
            run.source,
            DEFAULT_SEED,
            run.plan.wanted,
            known,
            first=run.first,
            tell=lambda judged: self._tell(Step(run, judged)),
            cancellation=run.cancellation,
        )
        return Record(run.source, run.units, {**run.plan.kept, **grading.judged}, len(run.plan.kept))

    def _tell(self, news: Step | Finished) -> None:
        self.news.put(news)
        self._wake()
