"""What figures mean: a pure rule, on recorded and on made up ones. No clock and no GPU has a part in it.

Nothing here was recorded on a GPU.
"""

import contextlib
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checking.contest import Contest, Measured
from grader.checking.finding import Failed, Unjudged
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


# Milliseconds of 16 steps, and of two questions of 8 with all that goes with them: the reference of an exercise, an answer
# that does a little more, the reference again. From two CPU cores on which much else ran, where noise is to be had.
RECORDED = [
    (
        ([9.02, 4.2, 3.97, 8.17, 4.37, 5.06, 6.44, 8.23, 5.66, 5.58, 4.27, 4.51, 4.02, 3.97, 3.89, 3.99], [103.47, 69.52]),
        ([8.55, 4.66, 4.38, 4.54, 4.34, 5.24, 8.11, 13.28, 6.2, 4.57, 4.42, 4.36, 4.34, 4.47, 10.96, 5.49], [100.87, 86.13]),
        ([8.72, 9.47, 6.56, 6.9, 4.19, 3.98, 4.52, 4.5, 4.68, 4.3, 3.85, 3.68, 4.57, 5.51, 5.07, 13.29], [85.26, 61.3]),
    ),
    (
        ([5.16, 4.2, 4.8, 4.35, 4.17, 4.46, 4.45, 4.05, 4.86, 4.07, 4.03, 4.22, 4.1, 5.97, 4.23, 4.08], [63.04, 50.23]),
        ([5.46, 17.4, 5.32, 4.88, 5.63, 6.49, 4.98, 5.51, 5.37, 4.87, 4.57, 4.57, 5.22, 4.7, 4.52, 4.49], [78.63, 55.91]),
        ([4.82, 4.27, 5.09, 8.25, 12.41, 7.97, 11.43, 8.17, 10.38, 10.54, 4.38, 9.31, 6.39, 11.56, 12.54, 9.9], [88.94, 106]),
    ),
    (
        ([17.69, 10.93, 11.95, 11.75, 13.97, 9.72, 24.09, 14.62, 13.2, 8.9, 8.57, 8.58, 13.42, 8.61, 8.61, 8.64], [199.8, 120.1]),
        ([14.69, 14.38, 11.02, 14.91, 15.52, 15.26, 12.21, 9.62, 15.27, 8.22, 9.14, 13.35, 9.55, 11.87, 9.27, 13.12], [164.2, 125.6]),
        ([13.06, 8.39, 6.42, 17.94, 9.44, 9.64, 6.18, 8.48, 8.8, 10.29, 8.22, 8.12, 8.42, 7.19, 8.35, 10.35], [109.02, 105.41]),
    ),
]  # fmt: skip


@pytest.mark.parametrize("run", RECORDED)
def test_recorded_times_on_busy_cores_are_no_failure(run) -> None:
    before, tried, after = (Times(tuple(inside), tuple(outside), REPEATS) for inside, outside in run)
    assert pace(before, tried, after, 1.25).ruling in (Ruling.WITHIN, Ruling.LOUD)


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


# ---------------------------------------------------------------------------------------------- contests of figures

MIB = 2**20


class Side(SimpleNamespace):
    """Stands for an implementation of which only figures are asked."""

    def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def figures(monkeypatch):
    """A contest that is told what was weighed, by side and workload, and what its turns found."""

    def make(weighed=None, turns=()):
        left = iter(turns)
        monkeypatch.setattr(Contest, "_weigh", lambda _self, who, workload, _given: (None, weighed[who.name, workload]))
        monkeypatch.setattr(Contest, "_run", lambda *_: Measured(0, (1, 2), np.zeros((2, 1)), (1.0, 1.0), (1.0,)))
        monkeypatch.setattr(Contest, "_verify", lambda *_: None)
        monkeypatch.setattr("grader.checking.contest.pace", lambda *_: Pace(next(left), 2.0, 0.1, 1.0, 2.0))
        return Contest(lambda: 0)

    return make


@pytest.mark.parametrize(("growth", "is_so"), [(120 * MIB, True), (1000 * MIB, False)])
def test_reported_memory_has_to_fit_the_same_work_of_ours(figures, growth: int, is_so: bool) -> None:
    """Who trains everything and reports a byte uses as much as training everything does, with which it is compared."""
    weighed = {
        ("ours", "everything"): Sizes(1000 * MIB, 1000 * MIB),
        ("ours", "adapters"): Sizes(100 * MIB, 100 * MIB),
        ("student", "adapters"): Sizes(1, growth),
    }
    contest, student, ours = figures(weighed), Side(name="student"), Side(name="ours")
    if is_so:
        assert contest.peaks(student, ours, "adapters", rtol=0.1, like="everything") == (1, 1000 * MIB)
        return
    with pytest.raises(Failed) as failed:
        contest.peaks(student, ours, "adapters", rtol=0.1, like="everything")
    assert failed.value.finding.kind == "unfit"
    assert failed.value.finding.saw == "the device's use grew by 900 MiB more than with ours"


@pytest.mark.parametrize(
    ("turns", "raised"),
    [
        ((Ruling.LOUD, Ruling.LOUD, Ruling.BEYOND), Unjudged),
        ((Ruling.BEYOND, Ruling.UNFIT, Ruling.LOUD), Unjudged),
        ((Ruling.BEYOND, Ruling.BEYOND, Ruling.BEYOND), Failed),
        ((Ruling.LOUD, Ruling.WITHIN), None),
    ],
)
def test_only_three_turns_that_say_something_fail(figures, turns, raised) -> None:
    student, ours = Side(name="student"), Side(name="ours", forget=None)
    with pytest.raises(raised) if raised else contextlib.nullcontext():
        figures(turns=turns).time(student, ours, "block", at_most=1.25, rtol=0.1, than="PEFT's")
