"""Generated cases: the same for everyone who is graded with a seed, and the smallest one on failure."""

import numpy as np
import pytest

from grader.checking import booleans, distinct_sizes, integers
from grader.checking.cases import Cases
from grader.checking.inputs import Inputs

CASES = Cases({"n": integers(1, 50), "flag": booleans()}, 25)


def fails(case) -> bool:
    return case["n"] >= 7 and case["flag"]


def first_failing(cases):
    return next(index for index, case in enumerate(cases) if fails(case))


def test_a_seed_determines_the_cases():
    drawn = CASES.draw(3, with_inputs=True)
    assert drawn == CASES.draw(3, with_inputs=True)
    assert drawn != CASES.draw(4, with_inputs=True)
    assert len(drawn) == 25


def test_a_seed_is_drawn_only_for_inputs():
    assert "seed" in CASES.draw(0, with_inputs=True)[0]
    assert "seed" not in CASES.draw(0, with_inputs=False)[0]


def test_check_without_cases_runs_once():
    assert Cases().draw(0, with_inputs=False) == [{}]


def test_interrupt_before_the_first_case_stays_one(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("hypothesis.core.function_digest", interrupted)
    with pytest.raises(KeyboardInterrupt):
        CASES.draw(0, with_inputs=False)


@pytest.mark.parametrize("seed", range(5))
def test_failing_case_is_shrunk(seed):
    cases = CASES.draw(seed, with_inputs=False)
    index = first_failing(cases)
    smallest = CASES.shrink(fails, cases[:index], cases[index], seed, with_inputs=False)
    assert fails(smallest)
    assert smallest["n"] <= 9


def test_attempts_at_shrinking_are_few():
    tried = []
    cases = CASES.draw(0, with_inputs=True)
    index = first_failing(cases)
    CASES.shrink(lambda case: tried.append(case) or fails(case), cases[:index], cases[index], 0, with_inputs=True)
    assert 0 < len(tried) <= 29


def test_cases_do_not_depend_on_the_source_that_is_installed(monkeypatch):
    """Hypothesis draws constants that it finds in local modules; which those are depends on the installation."""
    from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider
    from hypothesis.internal.constants_ast import Constants

    wide = Cases({"n": integers(0, 2**40)}, 100)
    before = wide.draw(5, with_inputs=False)
    found = Constants(integers=range(3_000_000, 3_000_400))
    monkeypatch.setattr(HypothesisProvider, "_local_constants", found)
    CONSTANTS_CACHE.cache.clear()
    assert wide.draw(5, with_inputs=False) == before


def test_sizes_are_pairwise_different():
    for case in Cases({"sizes": distinct_sizes(3, 1, 4)}, 25).draw(1, with_inputs=False):
        assert len(set(case["sizes"])) == 3


def draw(inputs):
    """What a body may ask for."""
    return [inputs.array("x", 3, 2), inputs.normal("w", 4, scale=0.5), inputs.integers("ids", 5, low=0, high=9)]


def test_case_that_was_run_before_gives_the_same_arrays():
    drawn = []
    first = draw(Inputs(1, 2, drawn))
    first[0][:] = 0.0  # a body may write to what it is given
    for again in (Inputs(1, 2, drawn), Inputs(1, 2)):
        for values, fresh in zip(draw(again), draw(Inputs(1, 2)), strict=True):
            np.testing.assert_array_equal(values, fresh)
        assert list(again.made) == ["x", "w", "ids"]


def test_body_that_asks_for_something_else_gets_what_it_asks_for():
    drawn = []
    draw(Inputs(1, 2, drawn))
    remembering, fresh = Inputs(1, 2, drawn), Inputs(1, 2)
    for inputs in (remembering, fresh):
        inputs.array("x", 3, 2)
        inputs.array("x", 2, 3)
        inputs.integers("ids", 5, low=0, high=9)
    for name, values in fresh.made.items():
        np.testing.assert_array_equal(remembering.made[name], values)
    assert len(drawn) == 3


def test_large_arrays_are_drawn_again():
    drawn = []
    for inputs in (Inputs(1, 2, drawn), Inputs(1, 2, drawn)):
        inputs.array("x", 100, 100)
        last = inputs.array("y", 2)
    assert drawn == []
    fresh = Inputs(1, 2)
    fresh.array("x", 100, 100)
    np.testing.assert_array_equal(last, fresh.array("y", 2))
