"""No check is satisfied by an answer without content: each is replayed with the oracle's answer, hollowed out.

A check that passes with zeros in every array, or ones, judges nothing.
"""

from collections.abc import Callable

import numpy as np
import pytest

from grader.catalog import Exercise
from grader.checking.grading import Bench, seed_of
from grader.checking.implementation import Implementation, Observations
from grader.grade import Session
from grader.verdict import Verdict
from grader.wire import Tensor, Value

Change = Callable[[np.ndarray], np.ndarray]
CHANGES: dict[str, Change] = {"zeros": np.zeros_like, "ones": np.ones_like}


def hollow(value: Value, change: Change) -> Value:
    """The same observations with every number and every floating array changed."""
    if isinstance(value, Tensor):
        if not np.issubdtype(value.values.dtype, np.floating):
            return value
        changed = Tensor.of(change(value.values))
        if value.dtype != "bfloat16":
            return changed
        # zeros and ones are bfloat16 numbers: cutting the bits is exact
        bits = (changed.values.view(np.uint32) >> 16).astype("<u2")
        return Tensor("bfloat16", value.shape, bits.tobytes())
    if isinstance(value, dict):
        return {key: hollow(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [hollow(item, change) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return type(value)(change(np.asarray(value)).item())
    return value


class Hollow(Implementation):
    """Answers every probe as the reference would, without the content."""

    def __init__(self, real: Implementation, bench: Bench, exercise: Exercise, change: Change) -> None:
        super().__init__(real.source, bench.launcher, exercise.name)
        self._change = change
        self.hollowed: set[int] = set()
        """seeds of the checks that were shown anything else than the truth"""

    def ask(self, probe: str, **arguments: object) -> Observations:
        seen = super().ask(probe, **arguments)
        changed = {name: hollow(value, self._change) for name, value in seen.items()}
        if changed != dict(seen):
            self.hollowed.add(self._seed)
        return Observations(changed, seen._missing)


@pytest.mark.parametrize("name", CHANGES)
def test_hollow_answers_fail_every_check(exercise: Exercise, session: Session, name: str):
    """Checks that look at no number at all (exceptions, flags, names) are shown the truth and may pass."""
    real = session.bench.student(exercise, exercise.reference.read_bytes())
    student = Hollow(real, session.bench, exercise, CHANGES[name])
    report = session.grade_students({exercise.name: student})
    hollowed = {check.id for check in report.checks if seed_of(report.seed, check.id) in student.hollowed}
    assert len(hollowed) > 0.6 * len(report.checks)
    assert {check.id for check in report.checks if check.verdict is Verdict.PASS} & hollowed == set()
