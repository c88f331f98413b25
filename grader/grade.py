"""Grades submissions: collects the checks of the chosen exercises once, runs them on each, makes the Reports."""

import math
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.catalog import Exercise
from grader.checking.cancelling import Cancellation
from grader.checking.collecting import Collected, collect
from grader.checking.grading import Bench, Grading
from grader.checking.implementation import Implementation
from grader.errors import UsageError
from grader.report import Judged, Report, assemble, share_points
from grader.salt import NO_SALT, Salt
from grader.verdict import Verdict
from grader.worker.isolation import Isolation

DEFAULT_SEED = 0


class Session:
    """Grades any number of submissions of the same exercises with the same warm processes."""

    def __init__(
        self,
        exercises: tuple[Exercise, ...],
        *,
        full: bool = False,
        fork: bool | None = None,
        allow_unjailed: bool = False,
        unreadable: Iterable[Path] = (),
        salt: Salt = NO_SALT,
        start: bool = True,
    ) -> None:
        """`unreadable` are files that no submission may read, such as the others; `full` needs a jail to hold them.

        Without `start` nothing is started before `start` is called, for whoever may find that nothing is to be graded.
        """
        if full:
            for exercise in exercises:
                require_solutions(exercise)
        self._exercises, self._full, self.salt = exercises, full, salt
        self._needs_jail = full and not allow_unjailed
        self.bench = Bench(exercises, fork=fork, unreadable=unreadable, needs_jail=self._needs_jail)
        if start:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def start(self) -> None:
        """Start the warm process; raises UsageError where hidden checks could be reached by a submission."""
        self.bench.start()
        if self._needs_jail and self.checks:  # collected while the warm process imports
            require_jail(self.bench)

    @property
    def notice(self) -> str:
        """What the user should know about how workers run here; empty where all is as usual."""
        return self.bench.launcher.notice

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        self.bench.close()

    @cached_property
    def checks(self) -> list[Collected]:
        """All checks of this session, in the order in which they are judged; raises BrokenError if one cannot run."""
        return collect(self._exercises, hidden=self._full)

    def grade(self, sources: Mapping[str, bytes], seed: int = DEFAULT_SEED, *, explain: bool = True) -> Report:
        """The report on one submission's sources; raises BrokenError if the checks themselves cannot run.

        Without `explain` a failing case is told as it was met, for whoever asks for verdicts alone.
        """
        grading = self._run(Grading.of(self.bench, sources, seed, self.salt, explain=explain), self.checks)
        return report_of(
            self._exercises,
            grading.judged.values(),
            seed,
            grading.isolation,
            full=self._full,
            salt=self.salt.fingerprint,
        )

    def judge_apart(self, students: Mapping[str, Implementation], seed: int) -> list[Judged]:
        """What each check by itself, its needs set aside, says of implementations that are no files, unexplained."""
        judged: list[Judged] = []
        for collected in self.checks:
            if collected.exercise.name in students:
                grading = Grading(self.bench, students, seed, self.salt, explain=False)
                judged += self._run(grading, [collected]).judged.values()
        return judged

    def judge(
        self,
        name: str,
        source: bytes | None,
        seed: int,
        wanted: Container[str],
        known: Mapping[str, Verdict],
        *,
        until_caught: bool = False,
        explain: bool = True,
        first: Container[str] = (),
        call_s: float = math.inf,
        tell: Callable[[Judged], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Grading:
        """What becomes of the wanted checks of one exercise; `known` are the verdicts of its others.

        With `until_caught` the first that is not passed is the last that is judged. Those in `first`, with which all
        that they need must be, are judged before the others. `call_s` are the seconds that a call may take, where the
        exercise allows more. `tell` hears of each as it is judged. Raises Cancelled if that is wished for.
        """
        student = self.bench.student(self.bench.exercises[name], source, cancellation, call_s=call_s)
        grading = Grading(self.bench, {name: student}, seed, self.salt, known, explain=explain)
        checks = [collected for collected in self.checks if collected.exercise.name == name]
        checks = [collected for collected in checks if collected.check.id in wanted]
        checks.sort(key=lambda collected: collected.check.id not in first)
        return self._run(grading, checks, until_caught=until_caught, tell=tell)

    def _run(
        self,
        grading: Grading,
        checks: Iterable[Collected],
        *,
        until_caught: bool = False,
        tell: Callable[[Judged], None] | None = None,
    ) -> Grading:
        core, checks = self.bench.launcher.core, list(checks)
        core.take()
        try:
            grading.draw(collected.body for collected in checks)
            for collected in checks:
                judged = grading.run(collected.exercise, collected.body, hidden=collected.hidden)
                if tell:
                    tell(judged)
                if until_caught and judged.verdict is not Verdict.PASS:
                    break
            if self._full:
                for exercise in self._exercises:
                    grading.recognise(exercise)
        finally:
            grading.close()
            core.lend()
        return grading


def report_of(
    exercises: Iterable[Exercise], judged: Iterable[Judged], seed: int, isolation: str, *, full: bool, salt: str
) -> Report:
    """The report that follows from what became of each check."""
    judged = list(judged)
    results = [
        share_points(
            exercise.name,
            exercise.config.title,
            exercise.config.tasks,
            [check for check in judged if check.id.split(".")[0] == exercise.name],
        )
        for exercise in exercises
    ]
    return assemble(results, seed, isolation, full, salt)


def require_solutions(exercise: Exercise) -> None:
    """Raises UsageError unless the hidden checks and the reference of an exercise are there."""
    for path in (exercise.reference, exercise.hidden_checks):
        if not path.is_file():
            raise UsageError(f"{path}: is missing, and hidden checks need it; run public ones alone, or add solutions/")


def require_jail(bench: Bench) -> None:
    """Raises UsageError where a submission could reach what must be out of its reach."""
    confinement = bench.confinement()
    if confinement.isolation is Isolation.NONE:
        raise UsageError(
            f"hidden checks: submissions are not confined here ({confinement.why}); "
            "`grader doctor` says what to do, --allow-unjailed grades all the same"
        )
