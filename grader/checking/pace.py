"""What measured times and sizes mean: pure functions of figures. One side is ours and believed, the other is a claim.

A claim counts only as far as a clock or a meter of our own, outside of both processes, agrees with it. Where the same
thing of ours, measured before and after, differs too much, nothing is said at all.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LOUD = 0.25
"""of what a step takes: more noise than that, and nothing can be told"""
UNSEEN_BYTES = 64 * 1024 * 1024
UNSEEN_SHARE = 0.1
"""What a driver and an allocator round away, and never the same twice."""


class Ruling(StrEnum):
    """What figures say."""

    WITHIN = "within"
    BEYOND = "beyond"
    """more than is allowed, and not by chance"""
    UNFIT = "unfit"
    """the figures that were reported do not fit those of our own clock or meter"""
    LOUD = "loud"
    """too much noise for anything to be said"""


@dataclass(frozen=True)
class Times:
    """What one side took: each repetition by its own clock, and each question about `repeats` of them by ours."""

    inside_ms: tuple[float, ...]
    outside_ms: tuple[float, ...]
    repeats: int

    @property
    def step_ms(self) -> float:
        return statistics.median(self.inside_ms)

    @property
    def question_ms(self) -> float:
        return statistics.median(self.outside_ms)


@dataclass(frozen=True)
class Pace:
    """How a tried side compares with ours."""

    ruling: Ruling
    ratio: float
    """of its time to ours, by its own clock"""
    noise: float
    """of our own time, as a share of it, by whichever of the two clocks is the noisier"""
    ours_ms: float
    theirs_ms: float


def pace(before: Times, tried: Times, after: Times, at_most: float) -> Pace:
    """How long a step took, compared with ours, which was timed before and after it.

    Beyond is what exceeds the limit by more than our own two times differ and scatter. By our clock, the questions to
    the tried side may take no longer than ours by more than the limit leaves room for: all else is the same in both.
    """
    ours = (before.step_ms + after.step_ms) / 2
    noise = _noise(before.inside_ms, after.inside_ms)
    theirs, room = tried.step_ms, (at_most - 1) * ours + noise
    per_step = before.repeats
    outside_noise = _noise(before.outside_ms, after.outside_ms) / per_step
    extra = (tried.question_ms - (before.question_ms + after.question_ms) / 2) / per_step
    if noise > LOUD * ours or outside_noise > LOUD * ours:
        ruling = Ruling.LOUD
    elif theirs - ours > room:
        ruling = Ruling.BEYOND
    elif extra > room + outside_noise:
        ruling = Ruling.UNFIT
    else:
        ruling = Ruling.WITHIN
    return Pace(ruling, theirs / ours, max(noise, outside_noise) / ours, ours, theirs)


def _noise(before: Sequence[float], after: Sequence[float]) -> float:
    """How far the two medians of the same thing lie apart, and how far a median of so many may be off by chance."""
    together = sorted([*before, *after])
    quartiles = statistics.quantiles(together, n=4)
    apart = abs(statistics.median(before) - statistics.median(after))
    return apart + (quartiles[2] - quartiles[0]) / math.sqrt(len(together))


@dataclass(frozen=True)
class Sizes:
    """What one side used: at most so many bytes in a step, as it says, and by how many the device's use grew."""

    peak: int
    growth: int


def fits(ours: Sizes, tried: Sizes) -> bool:
    """Whether what the tried side says of its peak explains by how much more than with ours the device's use grew."""
    explained = max(tried.peak - ours.peak, 0)
    return tried.growth - ours.growth <= explained + UNSEEN_BYTES + UNSEEN_SHARE * max(ours.growth, 0)
