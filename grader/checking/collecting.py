"""pytest collects the checks of exercises, once for all submissions; whoever wants to run them gets plain functions."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.catalog import Exercise
from grader.checking.cases import cases_of
from grader.checking.check import PROVIDED, Check, check_of, parameters_of
from grader.errors import BrokenError, CatalogError, GraderError


@dataclass(frozen=True)
class Collected:
    """A check as it was found in a file."""

    exercise: Exercise
    check: Check
    body: Callable[..., None]
    hidden: bool


def collect(exercises: Sequence[Exercise], *, hidden: bool) -> list[Collected]:
    """All checks in the order in which they are judged; raises BrokenError if a file of checks cannot be used."""
    files = [exercise.public_checks for exercise in exercises]
    files += [exercise.hidden_checks for exercise in exercises if hidden]
    items = _collect_items(files)
    by_folder = {path: exercise for exercise in exercises for path in (exercise.folder, exercise.solutions)}
    found = sorted((_collected(by_folder[item.path.parent], item) for item in items), key=place)
    for exercise in exercises:
        _require_needs(exercise, {one.check.id for one in found if not one.hidden})
    return found


def place(collected: Collected) -> tuple[int, bool, int]:
    """Lesson order, hidden checks last, then task order: what others build on is judged first.

    One worker serves all checks of an exercise. What it saw of hidden ones must find no public one to be told in.
    """
    config = collected.exercise.config
    tasks = [task.id for task in config.tasks]
    task = tasks.index(collected.check.task) if collected.check.task in tasks else -1
    return config.order, collected.hidden, task


def _collected(exercise: Exercise, item: pytest.Item) -> Collected:
    body = getattr(item, "obj", None)
    check = check_of(body)
    if check is None or body is None:
        raise BrokenError(f"{item.nodeid}: is not a check; it needs the decorator `@check`")
    if "gpu" in parameters_of(body) and not exercise.is_for_gpu(item.path):
        raise BrokenError(f"{item.nodeid}: asks for `gpu`, which is there in gpu_checks.py alone")
    for name in parameters_of(body):
        if name not in PROVIDED and name not in cases_of(body).strategies:
            raise BrokenError(f"{item.nodeid}: nothing provides its parameter `{name}`; `@cases` may draw it")
    return Collected(exercise, check, body, hidden=item.path == exercise.hidden_checks)


def _require_needs(exercise: Exercise, public: set[str]) -> None:
    """What is needed must be there to be missed; hidden checks come last, so nothing can build on them."""
    for task in exercise.config.tasks:
        for need in task.needs:
            if need.count(".") == 2 and need not in public:
                raise CatalogError(
                    f"{exercise.folder / 'exercise.toml'}: task {task.id} needs `{need}`, no public check"
                )


class _Collector:
    """Keeps what pytest finds, and errors, which it would print: as they are if they are ours, else as one line."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.errors: list[BaseException] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object], report: object
    ) -> None:
        if call.excinfo is None:
            return
        error: BaseException = call.excinfo.value
        if not isinstance(error, GraderError):
            lines = str(getattr(report, "longrepr", "")).splitlines()
            reasons = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]  # pytest's mark
            error = BrokenError(f"{node.nodeid}: cannot run: {reasons[-1] if reasons else repr(error)}")
        self.errors.append(error)


def _collect_items(files: list[Path]) -> list[pytest.Item]:
    collector, root = _Collector(), files[0].parents[2]
    # Hidden checks import helpers from the public ones by this name; those of another tree may still stand under it.
    for file in files:
        sys.modules.pop(".".join(file.relative_to(root).with_suffix("").parts), None)
    arguments = [
        *map(str, files),
        "--collect-only",
        "-c",
        os.devnull,
        "--rootdir",
        str(root),
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "-p",
        "no:unraisableexception",  # ours passes on Ctrl-C
        "--assert=plain",
        "--capture=no",
        "--noconftest",
    ]
    # Plugins of the user's environment have no business in a grade, and loading them takes time.
    with (
        _environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS=""),
        contextlib.redirect_stderr(io.StringIO()) as talk,
    ):
        status = pytest.main(arguments, plugins=[collector])
    if collector.errors:
        raise collector.errors[0]
    if status is pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if not collector.items:
        raise BrokenError(f"{files[0]}: holds no checks")
    if status is not pytest.ExitCode.OK:
        raise BrokenError(f"pytest ended with {pytest.ExitCode(status).name}: {talk.getvalue().strip()[-500:]}")
    return collector.items


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
