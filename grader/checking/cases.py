"""The generated cases of a check: drawn once for a seed, the same for every submission, shrunk only on failure.

Hypothesis draws and shrinks. A case holds shapes and small numbers; arrays are made from its seed by `Inputs`.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, strategies
from hypothesis.strategies import SearchStrategy

from grader.checking.check import hide_parameters

Body = TypeVar("Body", bound=Callable[..., None])
Case = dict[str, Any]

SEED = "seed"
SEARCHING = threading.Lock()
"""Drawing changes what Hypothesis shares among threads, see `_without_local_constants`."""
EXTRA_ATTEMPTS = 4
"""Attempts at a smaller failing case, beyond the number of examples: a failing check must stay cheap."""


@dataclass(frozen=True)
class Cases:
    """How to draw the cases of one check."""

    strategies: dict[str, SearchStrategy[Any]] = field(default_factory=dict)
    examples: int = 1

    def draw(self, seed: int, *, with_inputs: bool) -> list[Case]:
        """The cases of a seed; the first is the simplest."""
        drawn: list[Case] = []
        self._search(drawn.append, seed, with_inputs, (Phase.generate,))
        return drawn[: self.examples]

    def shrink(
        self, fails: Callable[[Case], bool], passed: list[Case], first: Case, seed: int, *, with_inputs: bool
    ) -> Case:
        """The smallest failing case found, starting from `first`, which fails after those in `passed` did not.

        The search replays the cases of the seed, so what is known of them costs nothing. Attempts at others are
        few: the smallest possible case is likely, not certain.
        """
        known = {repr(case): False for case in passed} | {repr(first): True}
        attempts = self.examples + EXTRA_ATTEMPTS
        smallest = first

        def search(case: Case) -> None:
            nonlocal smallest, attempts
            key = repr(case)
            if key not in known and attempts > 0:
                attempts -= 1
                known[key] = fails(case)
            if known.get(key, False):
                smallest = case
                raise _Found

        with contextlib.suppress(_Found):
            self._search(search, seed, with_inputs, (Phase.generate, Phase.shrink))
        return smallest

    def _search(self, body: Callable[[Case], None], seed: int, with_inputs: bool, phases: tuple[Phase, ...]) -> None:
        parts = dict(self.strategies)
        if with_inputs:
            parts[SEED] = strategies.integers(0, 2**16 - 1)

        def run(case: Case) -> None:
            body({name: case[name] for name in parts})  # Hypothesis mixes the order of keys

        settings = hypothesis.settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        with SEARCHING, _without_local_constants():
            try:
                hypothesis.seed(seed)(settings(hypothesis.given(strategies.fixed_dictionaries(parts))(run)))()
            except AssertionError as error:
                # Hypothesis trips over an interrupt that comes before its first case.
                if isinstance(error.__context__, KeyboardInterrupt):
                    raise error.__context__ from None
                raise


class _Found(Exception):
    """Tells Hypothesis that a case fails."""


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Keep Hypothesis from mixing in numbers that it finds in the source of modules outside site-packages.

    With them, the cases of a seed would depend on how the grader was installed. There is no public switch, so a
    version of Hypothesis that is built differently is left alone: its cases are as good, but not everywhere the same.
    """
    try:
        from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider
        from hypothesis.internal.constants_ast import Constants

        kept = HypothesisProvider.__dict__["_local_constants"]
    except (ImportError, KeyError):
        yield
        return
    CONSTANTS_CACHE.cache.clear()
    HypothesisProvider._local_constants = Constants()  # type: ignore[assignment]
    try:
        yield
    finally:
        HypothesisProvider._local_constants = kept  # type: ignore[method-assign]
        CONSTANTS_CACHE.cache.clear()


def cases(*, examples: int = 25, **drawn: SearchStrategy[Any]) -> Callable[[Body], Body]:
    """Run a check's body on generated cases; each keyword is a strategy for the parameter of that name."""

    def mark(body: Body) -> Body:
        body.cases = Cases(drawn, examples)  # type: ignore[attr-defined]
        hide_parameters(body, tuple(drawn))
        return body

    return mark


def cases_of(function: object) -> Cases:
    """How to draw a check's cases: once, without anything drawn, if it does not say."""
    found = getattr(function, "cases", None)
    return found if isinstance(found, Cases) else Cases()


def distinct_sizes(count: int, low: int, high: int) -> SearchStrategy[list[int]]:
    """Pairwise different sizes in [low, high]: equal axes would hide a transpose."""
    return strategies.lists(strategies.integers(low, high), min_size=count, max_size=count, unique=True)
