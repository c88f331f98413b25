"""What figures mean: a pure rule, on recorded and on made up ones. No clock and no GPU has a part in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checking.pace import LOUD, UNSEEN_BYTES, Pace, Ruling, Sizes, Times, fits, pace

REPEATS = 8
QUESTION_MS = 6.0
"""What a question costs beside its repetitions, on either side."""


def times(step_ms: float, *, scatter: float = 0.004, slower_outside_ms: float = 0.0, reported: float = 1.0) -> Times:
    """Those of a side whose steps take so long; by its own word `reported` times as long."""
    inside = [step_ms * reported * (1 + scatter * math.sin(9 * n)) for n in range(40)]
    outside = [QUESTION_MS + slower_outside_ms + REPEATS * step_ms * (1 + scatter * math.cos(5 * n)) for n in range(5)]
    return Times(tuple(inside), tuple(outside), REPEATS)


def ruling(tried: Times, before: Times | None = None, after: Times | None = None, at_most: float = 1.25) -> Ruling:
    ours = times(3.0)
    return pace(before or ours, tried, after or ours, at_most).ruling


# By torch 2.13 on two CPU cores: LoRA of 256 x 1024 beside itself, then beside one that forms W + B A.
RECORDED = (4.31, 4.28, 4.35, 4.29, 4.30, 4.52, 4.27, 4.33, 4.31, 4.29)
RECORDED_LATER = (4.33, 4.30, 4.34, 4.31, 4.41, 4.29, 4.32, 4.30, 4.36, 4.31)
RECORDED_SLOW = (6.91, 6.88, 7.02, 6.85, 6.93, 6.90, 7.21, 6.87, 6.92, 6.89)


def recorded(inside: tuple[float, ...]) -> Times:
    return Times(inside, tuple(8 * one + 5 for one in inside[:5]), REPEATS)


def test_recorded_times() -> None:
    same = pace(recorded(RECORDED), recorded(RECORDED_LATER), recorded(RECORDED), 1.05)
    assert (same.ruling, round(same.ratio, 2), same.noise < 0.02) == (Ruling.WITHIN, 1.0, True)
    slow = pace(recorded(RECORDED), recorded(RECORDED_SLOW), recorded(RECORDED_LATER), 1.25)
    assert (slow.ruling, round(slow.ratio, 1)) == (Ruling.BEYOND, 1.6)


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        (times(3.0), Ruling.WITHIN),
        (times(0.1), Ruling.WITHIN),
        (times(3.7), Ruling.WITHIN),
        (times(3.9), Ruling.BEYOND),
        (times(3.9, reported=0.5), Ruling.UNFIT),
        (times(9.0, reported=0.001), Ruling.UNFIT),
        (times(3.0, slower_outside_ms=9.0), Ruling.UNFIT),
        (times(3.0, slower_outside_ms=3.0), Ruling.WITHIN),
    ],
)
def test_ruling(tried: Times, expected: Ruling) -> None:
    assert ruling(tried) is expected


def test_a_difference_within_our_own_noise_is_none() -> None:
    assert ruling(times(3.85), times(3.0), times(3.3)) is Ruling.WITHIN
    assert ruling(times(3.85), times(3.0), times(3.01)) is Ruling.BEYOND


@pytest.mark.parametrize("tried", [times(1.0), times(30.0), times(3.0, reported=0.01)])
def test_noise_says_nothing_whatever_was_tried(tried: Times) -> None:
    """Whoever slows down what is ours loses the verdict, and wins no points by it."""
    assert ruling(tried, times(3.0), times(4.5)) is Ruling.LOUD
    assert ruling(tried, times(3.0), times(3.0, slower_outside_ms=20.0)) is Ruling.LOUD


@given(step=st.floats(0.5, 50), share=st.floats(0.2, 1.2), at_most=st.floats(1.05, 2))
def test_honest_and_fast_enough_is_within(step: float, share: float, at_most: float) -> None:
    tried = times(step * min(share, at_most * 0.99))
    assert pace(times(step), tried, times(step), at_most).ruling is Ruling.WITHIN


@given(step=st.floats(0.5, 50), factor=st.floats(1.2, 20), reported=st.floats(0, 2), at_most=st.floats(1.05, 1.3))
def test_no_report_makes_a_slow_step_pass(step: float, factor: float, reported: float, at_most: float) -> None:
    tried = times(step * at_most * factor, reported=reported)
    assert pace(times(step), tried, times(step), at_most).ruling in (Ruling.BEYOND, Ruling.UNFIT)


@given(
    figures=st.lists(st.floats(0.001, 1000), min_size=15, max_size=15),
    scale=st.floats(0.01, 100),
    at_most=st.floats(1, 3),
)
def test_units_do_not_matter(figures: list[float], scale: float, at_most: float) -> None:
    def of(factor: float) -> Pace:
        sides = [[one * factor for one in figures[n : n + 5]] for n in (0, 5, 10)]
        before, tried, after = (Times(tuple(side), tuple(side), 1) for side in sides)
        return pace(before, tried, after, at_most)

    plain, scaled = of(1.0), of(scale)
    assert math.isclose(plain.ratio, scaled.ratio, rel_tol=1e-9)
    if abs(plain.noise - LOUD) > 1e-6:
        assert (plain.ruling is Ruling.LOUD) == (scaled.ruling is Ruling.LOUD)


@given(
    ours=st.tuples(st.integers(0, 2**30), st.integers(0, 2**30)),
    reported=st.integers(0, 2**30),
    hidden=st.integers(0, 2**34),
)
def test_memory_that_nobody_reported_is_found(ours: tuple[int, int], reported: int, hidden: int) -> None:
    trusted = Sizes(*ours)
    grown = trusted.growth + max(reported - trusted.peak, 0)
    assert fits(trusted, Sizes(reported, grown))
    unseen = UNSEEN_BYTES + 0.1 * trusted.growth
    assert fits(trusted, Sizes(reported, grown + hidden)) == (hidden <= unseen)
