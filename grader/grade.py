"""Grades one submission: collects the checks of the chosen exercises, runs them, makes the Report."""

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from grader.catalog import Exercise
from grader.checking.check import check_of
from grader.checking.grading import Bench, Grading
from grader.checking.implementation import Implementation
from grader.checking.plugin import CheckPlugin
from grader.errors import BrokenError, GraderError, UsageError
from grader.report import Report, assemble, share_points
from grader.salt import NO_SALT, Salt
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
    ) -> None:
        """`unreadable` are files that no submission may read, such as the others; `full` needs a jail to hold them."""
        if full:
            for exercise in exercises:
                require_solutions(exercise)
        self._exercises, self._full, self._salt = exercises, full, salt
        needs_jail = full and not allow_unjailed
        self.bench = Bench(exercises, fork=fork, unreadable=unreadable, needs_jail=needs_jail)
        if needs_jail:
            try:
                require_jail(self.bench)
            except BaseException:
                self.bench.close()
                raise

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

    def grade(self, sources: Mapping[str, bytes], seed: int = DEFAULT_SEED) -> Report:
        """The report on one submission's sources; raises BrokenError if the checks themselves cannot run."""
        reports: list[Report] = []
        self.grade_all([sources], reports.append, seed)
        return reports[0]

    def grade_all(
        self, submissions: Iterable[Mapping[str, bytes]], done: Callable[[Report], None], seed: int = DEFAULT_SEED
    ) -> None:
        """Grade one submission after the other and hand over each report as soon as it is complete."""
        self._run((Grading.of(self.bench, sources, seed, self._salt) for sources in submissions), done)

    def grade_students(self, students: Mapping[str, Implementation], seed: int = DEFAULT_SEED) -> Report:
        """The report on implementations that are no files, such as one that answers falsely on purpose."""
        reports: list[Report] = []
        self._run([Grading(self.bench, students, seed, self._salt)], reports.append)
        return reports[0]

    def _run(self, gradings: Iterable[Grading], done: Callable[[Report], None]) -> None:
        def finish(grading: Grading) -> None:
            grading.close()
            done(self._report(grading))

        _run_pytest(CheckPlugin(self.bench, gradings, finish), self._check_files())

    def _report(self, grading: Grading) -> Report:
        results = [
            share_points(
                exercise.name,
                exercise.config.title,
                exercise.config.tasks,
                [judged for judged in grading.judged.values() if judged.id.split(".")[0] == exercise.name],
            )
            for exercise in self._exercises
        ]
        return assemble(results, grading.seed, grading.isolation, self._full, self._salt.fingerprint)

    def _check_files(self) -> list[Path]:
        public = [exercise.public_checks for exercise in self._exercises]
        return public + [exercise.hidden_checks for exercise in self._exercises if self._full]


def require_solutions(exercise: Exercise) -> None:
    """Raises UsageError unless the hidden checks and the reference of an exercise are there."""
    for path in (exercise.reference, exercise.hidden_checks):
        if not path.is_file():
            raise UsageError(f"{path}: is missing, and --full needs it; grade without --full, or add solutions/")


def require_jail(bench: Bench) -> None:
    """Raises UsageError where a submission could reach what must be out of its reach."""
    confinement = bench.confinement()
    if confinement.isolation is Isolation.NONE:
        raise UsageError(
            f"--full: submissions are not confined here ({confinement.why}); "
            "`grader doctor` says what to do, --allow-unjailed grades all the same"
        )


class _Errors:
    """Keeps errors, which pytest would print as a failed test: as they are if they are ours, else as one line."""

    def __init__(self) -> None:
        self.raised: list[BaseException] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if check_of(getattr(item, "obj", None)) is None:
                self.raised.append(BrokenError(f"{item.nodeid}: is not a check; it needs the decorator `@check`"))

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object], report: object
    ) -> None:
        if call.excinfo is None or isinstance(call.excinfo.value, pytest.fail.Exception | pytest.skip.Exception):
            return
        error: BaseException = call.excinfo.value
        if not isinstance(error, GraderError) and call.when != "call":  # the check file's doing
            lines = str(getattr(report, "longrepr", "")).splitlines()
            reasons = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]  # pytest's mark
            error = BrokenError(f"{node.nodeid}: cannot run: {reasons[-1] if reasons else repr(error)}")
        self.raised.append(error)


def _run_pytest(plugin: CheckPlugin, files: list[Path]) -> None:
    errors = _Errors()
    arguments = [
        *map(str, files),
        "-c",
        os.devnull,
        "--rootdir",
        str(files[0].parents[2]),
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "--assert=plain",
        "--capture=no",
        "--noconftest",
    ]
    # Plugins of the user's environment have no business in a grade, and loading them takes time.
    with (
        _environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS=""),
        contextlib.redirect_stderr(io.StringIO()) as talk,
    ):
        status = pytest.main(arguments, plugins=[plugin, errors])
    if errors.raised:
        raise errors.raised[0]
    if status is pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status is pytest.ExitCode.NO_TESTS_COLLECTED:
        raise BrokenError(f"{files[0]}: holds no checks")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise BrokenError(f"pytest ended with {pytest.ExitCode(status).name}: {talk.getvalue().strip()[-500:]}")


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
