"""The pytest plugin: pytest collects and orders checks, this runs them and keeps the verdicts.

`pytest exercises/NAME` works by itself; the `grader` command runs the same plugin with a Grading of its own.
"""

import itertools
from collections.abc import Callable, Iterable

import pytest

from grader.catalog import Exercise, find_root, read_catalog
from grader.checking.check import check_of
from grader.checking.grading import Bench, Grading
from grader.errors import UsageError
from grader.submission import read_submission
from grader.verdict import Verdict

NAME = "grader-checks"


class CheckPlugin:
    """Runs the checks among pytest's items: all of them, once for each grading."""

    def __init__(self, bench: Bench, gradings: Iterable[Grading], done: Callable[[Grading], None]) -> None:
        self._bench, self._gradings, self._done = bench, gradings, done
        self._grading: Grading | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Lesson order, hidden checks last, then task order: what others build on is judged first.

        One worker serves all checks of an exercise. What it saw of hidden ones must find no public one to be told in.
        """
        items.sort(key=self._place)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Collecting costs more than many a submission's checks: it is done once for all of them."""
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest's own loop stops for what could not be collected, and for whoever only looks
        for grading in self._gradings:
            self._grading = grading
            for item, following in itertools.zip_longest(session.items, session.items[1:]):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail:  # `pytest -x`
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)
            self._done(grading)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a check instead of calling it; anything else is left to pytest."""
        if self._grading is None or check_of(pyfuncitem.obj) is None:
            return None
        exercise = self._exercise_of(pyfuncitem)
        hidden = pyfuncitem.path == exercise.hidden_checks
        judged = self._grading.run(exercise, pyfuncitem.obj, hidden=hidden)
        match judged.verdict:
            case Verdict.SKIPPED:
                pytest.skip(judged.message)
            case Verdict.TODO | Verdict.FAIL | Verdict.BROKEN:
                pytest.fail(f"{judged.verdict}: {judged.title}\n{judged.message}\nhint: {judged.hint}", pytrace=False)
        return True

    def _exercise_of(self, item: pytest.Item) -> Exercise:
        return self._bench.exercises[item.path.parent.name]

    def _place(self, item: pytest.Item) -> tuple[int, bool, int]:
        check = check_of(getattr(item, "obj", None))
        if check is None:
            return 0, False, 0
        exercise = self._exercise_of(item)
        tasks = [task.id for task in exercise.config.tasks]
        task = tasks.index(check.task) if check.task in tasks else -1
        return exercise.config.order, item.path == exercise.hidden_checks, task


class StandalonePlugin:
    """Grades the working tree when a plain `pytest` run turns out to hold checks."""

    def __init__(self) -> None:
        self._bench: Bench | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Set up only if there are checks, and only for their exercises."""
        folders = [item.path.parent for item in items if check_of(getattr(item, "obj", None))]
        if not folders or config.pluginmanager.has_plugin(NAME):
            return
        try:
            root = find_root(folders[0])
            exercises = read_catalog(root).select(tuple({folder.name for folder in folders}))
            sources = read_submission(root / "exercises", [exercise.name for exercise in exercises])
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        self._bench = Bench(exercises)
        grading = Grading.of(self._bench, sources, seed=config.getoption("--check-seed"))
        plugin = CheckPlugin(self._bench, [grading], Grading.close)
        config.pluginmanager.register(plugin, NAME)
        plugin.pytest_collection_modifyitems(items)

    def pytest_unconfigure(self) -> None:
        """End all worker processes."""
        if self._bench:
            self._bench.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--check-seed`, as in `pytest --check-seed 7 exercises/NAME`."""
    parser.addoption("--check-seed", type=int, default=0, help="seed of the generated cases of exercise checks")


def pytest_configure(config: pytest.Config) -> None:
    """Cheap in every pytest run of an environment where the grader is installed."""
    config.pluginmanager.register(StandalonePlugin(), "grader-standalone")
