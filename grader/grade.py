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
from grader.checking.grading import Bench, Grading
from grader.checking.plugin import CheckPlugin
from grader.errors import BrokenError, UsageError
from grader.report import Report, assemble, share_points

DEFAULT_SEED = 0


class Session:
    """Grades any number of submissions of the same exercises with the same warm processes."""

    def __init__(self, exercises: tuple[Exercise, ...], *, full: bool = False, fork: bool | None = None) -> None:
        if full:
            for exercise in exercises:
                require_solutions(exercise)
        self._exercises, self._full = exercises, full
        self._bench = Bench(exercises, fork=fork)

    @property
    def notice(self) -> str:
        """What the user should know about how workers run here; empty where all is as usual."""
        return self._bench.launcher.notice

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bench.close()

    def grade(self, sources: Mapping[str, bytes], seed: int = DEFAULT_SEED) -> Report:
        """The report on one submission's sources; raises BrokenError if the checks themselves cannot run."""
        reports: list[Report] = []
        self.grade_all([sources], reports.append, seed)
        return reports[0]

    def grade_all(
        self, submissions: Iterable[Mapping[str, bytes]], done: Callable[[Report], None], seed: int = DEFAULT_SEED
    ) -> None:
        """Grade one submission after the other and hand over each report as soon as it is complete."""

        def finish(grading: Grading) -> None:
            grading.close()
            done(self._report(grading))

        gradings = (Grading(self._bench, sources, seed) for sources in submissions)
        _run_pytest(CheckPlugin(self._bench, gradings, finish), self._check_files())

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
        return assemble(results, grading.seed, self._bench.launcher.isolation, self._full)

    def _check_files(self) -> list[Path]:
        public = [exercise.public_checks for exercise in self._exercises]
        return public + [exercise.hidden_checks for exercise in self._exercises if self._full]


def require_solutions(exercise: Exercise) -> None:
    """Raises UsageError unless the hidden checks and the reference of an exercise are there."""
    for path in (exercise.reference, exercise.hidden_checks):
        if not path.is_file():
            raise UsageError(f"{path}: is missing, and --full needs it; grade without --full, or add solutions/")


class _Errors:
    """Keeps what pytest could not collect or run, and errors of ours, which pytest would print as a failed test."""

    def __init__(self) -> None:
        self.collection: list[str] = []
        self.raised: list[BaseException] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.collection.append(str(report.longrepr).strip().splitlines()[-1])

    def pytest_exception_interact(self, call: pytest.CallInfo[object]) -> None:
        if call.excinfo and not isinstance(call.excinfo.value, pytest.fail.Exception | pytest.skip.Exception):
            self.raised.append(call.excinfo.value)


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
    if errors.collection:
        raise BrokenError(f"the checks cannot be collected: {errors.collection[0]}")
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
