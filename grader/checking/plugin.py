"""The pytest plugin: with it `pytest exercises/NAME` works by itself, in every editor that knows pytest."""

import pytest

from grader.catalog import Exercise, find_root, read_catalog
from grader.checking.check import check_of, parameters_of
from grader.checking.collecting import Collected, place
from grader.checking.grading import Bench, Grading
from grader.errors import UsageError
from grader.submission import read_submission
from grader.verdict import Verdict

NAME = "grader-checks"


class CheckPlugin:
    """Runs the checks among pytest's items on one submission, in the order of the lesson."""

    def __init__(self, bench: Bench, grading: Grading) -> None:
        self._bench, self._grading = bench, grading

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort: what others build on is judged first."""
        items.sort(key=self._place)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a check instead of calling it; anything else is left to pytest."""
        if check_of(pyfuncitem.obj) is None:
            return None
        if "gpu" in parameters_of(pyfuncitem.obj):
            pytest.skip("needs a GPU: `grader check --gpu on` runs it")
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
        body = getattr(item, "obj", None)
        check = check_of(body)
        if check is None or body is None:
            return 0, False, 0
        exercise = self._exercise_of(item)
        return place(Collected(exercise, check, body, hidden=item.path == exercise.hidden_checks))


class StandalonePlugin:
    """Grades the working tree when a plain `pytest` run turns out to hold checks."""

    def __init__(self) -> None:
        self._bench: Bench | None = None
        self._grading: Grading | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Set up only if there are checks, and only for their exercises."""
        folders = [item.path.parent for item in items if check_of(getattr(item, "obj", None))]
        if not folders or config.pluginmanager.has_plugin(NAME):
            return
        try:
            root = find_root(folders[0])
            exercises = read_catalog(root).select(tuple({folder.name for folder in folders}))
            sources = read_submission(root / "exercises", [exercise.name for exercise in exercises]).sources
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        self._bench = Bench(exercises)
        self._grading = Grading.of(self._bench, sources, seed=config.getoption("--check-seed"))
        plugin = CheckPlugin(self._bench, self._grading)
        config.pluginmanager.register(plugin, NAME)
        plugin.pytest_collection_modifyitems(items)

    def pytest_unconfigure(self) -> None:
        """End all worker processes."""
        if self._grading:
            self._grading.close()
        if self._bench:
            self._bench.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--check-seed`, as in `pytest --check-seed 7 exercises/NAME`."""
    parser.addoption("--check-seed", type=int, default=0, help="seed of the generated cases of exercise checks")


def pytest_configure(config: pytest.Config) -> None:
    """Cheap in every pytest run of an environment where the grader is installed."""
    config.pluginmanager.register(StandalonePlugin(), "grader-standalone")
