"""Known mistakes, recognised by what they do: a submission's replies beside those of each wrong answer.

A wrong answer is asked the same questions only if it could be the mistake at hand: the submission fails what it is
known to fail, and passes nothing of it. It is asked until it answers otherwise, for checks that train for a second ask
more than once. How it fails is learnt once and kept for all submissions of a session.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np

from grader.authoring.answers import Answer
from grader.checking.implementation import Exchange
from grader.wire import Tensor, Value
from grader.worker.host import Answer as Replied
from grader.worker.host import Outcome, Raised

DIGITS = {"float64": 1e-9, "float32": 1e-5, "float16": 1e-2, "bfloat16": 3e-2}
"""What two ways to write the same mistake may differ by, relative to the largest number."""

COMPARED = 3
"""Checks on which replies are compared, the first that failed: each takes a while, and few mistakes part later."""


@dataclass(frozen=True)
class Trace:
    """How a check failed: on which of its cases, and all that was asked and answered there."""

    index: int
    kind: str
    exchanges: tuple[Exchange, ...]
    parted: bool = False
    """whether it is known up to here only: by then it was another one than what it was compared with"""

    def differs(self, other: "Trace") -> bool:
        """Whether what is known of it is enough to tell it from another one."""
        if not self.parted or self.index != other.index:
            return not self.parted or self.index > other.index
        return len(self.exchanges) > len(other.exchanges) or not all(
            map(_is_same_exchange, self.exchanges, other.exchanges)
        )


class Parted(Exception):
    """Stops a check whose replies are others than those that they are compared with."""


class Beside(list[Exchange]):
    """Keeps what an implementation is asked and answers on one case after the other, as long as it fits a trace."""

    def __init__(self, like: Trace) -> None:
        super().__init__()
        self._like, self._case = like, -1

    def clear(self) -> None:
        """Begin a case."""
        self._case += 1
        super().clear()

    def append(self, exchange: Exchange) -> None:
        """Keep one more; raises Parted on the case of the trace if that has another in its place, or none."""
        super().append(exchange)
        if self._case == self._like.index:
            there = self._like.exchanges[len(self) - 1 : len(self)]
            if not there or not _is_same_exchange(exchange, there[0]):
                raise Parted


Tracer: TypeAlias = Callable[[Answer, str, Trace], Trace | None]
"""How an answer fails a check, as far as it fails alike; None if it does not."""


@dataclass(frozen=True)
class Named:
    """A known mistake that answers the same as a submission."""

    headline: str
    compared: bool
    """whether it was, on this check; else both are known to fail it, and to answer the same on an earlier one"""

    @property
    def words(self) -> str:
        """For the message of a check that it explains."""
        same = "a known mistake answers exactly the same" if self.compared else "most likely the mistake named above"
        return f"{same}: {self.headline}"


def recognise(
    answers: Sequence[Answer],
    failed: Mapping[str, Trace],
    passed: Collection[str],
    trace: Tracer,
    took_s: Mapping[str, float],
) -> dict[str, Named]:
    """The known mistake behind each failed check, where there is exactly one.

    It accounts for every failure up to the last task that it touches, but for those of mistakes that are named
    already: what goes wrong first may be behind all that goes wrong later. Of several, the one that accounts for most
    is named. Two that account for as much, and answer alike, cannot be told apart, so that neither is. `took_s` is the
    time that each check took: most that do not answer alike are found out by a cheap one.
    """
    named: dict[str, Named] = {}
    rest = dict(failed)
    suspects = [answer for answer in answers if not answer.fails & set(passed)]
    while best := _best(suspects, rest, trace, took_s):
        if len(best) > 1:
            break
        compared = _compared(best[0], rest)
        named |= {known: Named(best[0].headline, known in compared) for known in rest if known in best[0].fails}
        rest = {known: kept for known, kept in rest.items() if known not in best[0].fails}
    return named


def _best(
    suspects: Sequence[Answer], rest: Mapping[str, Trace], trace: Tracer, took_s: Mapping[str, float]
) -> list[Answer]:
    """Those that answer alike, of those that account for most; two at most."""
    accounting: dict[int, list[Answer]] = defaultdict(list)
    for answer in suspects:
        if _accounts(answer.fails, rest):
            accounting[len(answer.fails & set(rest))].append(answer)
    for _, answers in sorted(accounting.items(), reverse=True):
        alike = (
            answer
            for answer in answers
            if all(
                _is_alike(answer, known, rest, trace)
                for known in sorted(_compared(answer, rest), key=took_s.__getitem__)
            )
        )
        if found := list(islice(alike, 2)):  # two cannot be told apart, however many there are
            return found
    return []


def _accounts(fails: Collection[str], rest: Collection[str]) -> bool:
    last = max(map(_task, fails))
    there = {known for known in rest if _task(known) <= last}
    return bool(there) and there <= set(fails)


def _task(check_id: str) -> int:
    return int(check_id.split(".")[1])


def _compared(answer: Answer, rest: Mapping[str, Trace]) -> list[str]:
    return [known for known in rest if known in answer.fails][:COMPARED]


def _is_alike(answer: Answer, check_id: str, failed: Mapping[str, Trace], trace: Tracer) -> bool:
    other = trace(answer, check_id, failed[check_id])
    return other is not None and is_same(failed[check_id], other)


def is_same(one: Trace, other: Trace) -> bool:
    """Whether two implementations failed a check in the same way."""
    if one.parted or other.parted:
        return False
    return (one.index, one.kind, len(one.exchanges)) == (other.index, other.kind, len(other.exchanges)) and all(
        map(_is_same_exchange, one.exchanges, other.exchanges)
    )


def _is_same_exchange(one: Exchange, other: Exchange) -> bool:
    return (one.probe, one.arguments) == (other.probe, other.arguments) and _is_same_outcome(one.outcome, other.outcome)


def _is_same_outcome(one: Outcome, other: Outcome) -> bool:
    match one, other:
        case Replied(), Replied():
            return _is_same_value(one.value, other.value)
        case Raised(), Raised():
            return (one.type_name, one.message) == (other.type_name, other.message)
    return False  # what killed a process cannot be compared


def _is_same_value(one: Value, other: Value) -> bool:
    match one, other:
        case Tensor(), Tensor():
            return (one.dtype, one.shape) == (other.dtype, other.shape) and _are_close(one, other)
        case float(), float():
            return bool(np.isclose(one, other, rtol=DIGITS["float64"], atol=0.0, equal_nan=True))
        case list(), list():
            return len(one) == len(other) and all(map(_is_same_value, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(_is_same_value(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def _are_close(one: Tensor, other: Tensor) -> bool:
    digits = DIGITS.get(one.dtype, 0.0)
    if not digits:
        return one.data == other.data
    finite = np.abs(one.values[np.isfinite(one.values)])
    largest = float(finite.max()) if finite.size else 0.0
    return bool(np.isclose(one.values, other.values, rtol=0.0, atol=digits * largest, equal_nan=True).all())
