"""Right answers that are changed on their way to the checks, to see which of them look.

A hollow check passes although the numbers were replaced. A check with too narrow a tolerance fails although they
were only rounded in another way.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from grader.catalog import Exercise
from grader.checking.grading import seed_of
from grader.checking.holding import Question
from grader.checking.implementation import Argument, Implementation, Observations, sendable
from grader.grade import Session
from grader.verdict import Verdict
from grader.wire import Tensor, Value

NOISE = 10.0
"""times the measured floor"""
ROUNDINGS = 1000
"""Units of the last place: two answers that are farther apart do not differ by rounding."""
FACTOR = 1.5
Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Asked:
    """A question of a check, and the truth."""

    seed: int
    probe: str
    arguments: Mapping[str, Argument]
    answer: Mapping[str, Value]

    @property
    def key(self) -> bytes:
        """The same for the same question, whoever is asked."""
        sent = {name: sendable(value) for name, value in self.arguments.items()}
        return Question(self.probe, sent, self.seed).key


Change: TypeAlias = Callable[[Asked], Mapping[str, Value]]


class Replay(Implementation):
    """Answers as one of our own implementations, through a change."""

    def __init__(self, real: Implementation, session: Session, exercise: Exercise, change: Change) -> None:
        super().__init__(replace(real.source, role="student"), session.bench.launcher, exercise.name)
        self._real, self._change = real, change
        self.changed: set[int] = set()
        """seeds of the checks that were shown anything else than the truth"""
        self.longest_s = 0.0
        """of one call"""
        self._is_warm = False

    def begin(self, seed: int) -> None:
        super().begin(seed)
        self._real.begin(seed)

    def ask(self, probe: str, **arguments: Argument) -> Observations:
        self.last_probe = probe
        started = time.monotonic()
        seen = dict(self._real.ask(probe, **arguments))
        if self._is_warm:  # the first call waits for a worker to start
            self.longest_s = max(self.longest_s, time.monotonic() - started)
        self._is_warm = True
        changed = self._change(Asked(self._seed, probe, arguments, seen))
        if changed != seen:
            self.changed.add(self._seed)
        return Observations(changed, self._missing)

    def must_raise(self, type_name: str, probe: str, **arguments: Argument) -> None:
        self.last_probe = probe
        self._real.must_raise(type_name, probe, **arguments)


def not_passed(session: Session, exercise: Exercise, student: Replay, seed: int) -> tuple[set[str], set[str]]:
    """The checks that a replay was changed for, and those of all that it does not pass."""
    judged = session.judge_apart({exercise.name: student}, seed)
    changed = {check.id for check in judged if seed_of(seed, check.id, session.salt) in student.changed}
    return changed, {check.id for check in judged if check.verdict is not Verdict.PASS}


def hollow_checks(
    session: Session, exercise: Exercise, seed: int, changes: Iterable[str] | None = None
) -> Iterator[tuple[str, str, bool]]:
    """Change and check for each check that was shown changed numbers, and whether it passed all the same."""
    real = session.bench.trusted(exercise, "reference")
    for change in CHANGES if changes is None else changes:
        changed, failed = not_passed(session, exercise, Replay(real, session, exercise, CHANGES[change]()), seed)
        for check in sorted(changed):
            yield change, check, check not in failed


def leaves(value: Value, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """Every part of an answer that holds no others, by the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def rebuilt(value: Value, change: Callable[[Path, Value], Value], path: Path = ()) -> Value:
    """The same answer with every leaf changed."""
    if isinstance(value, dict):
        return {key: rebuilt(item, change, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [rebuilt(item, change, (*path, index)) for index, item in enumerate(value)]
    return change(path, value)


def tensor_like(tensor: Tensor, values: np.ndarray) -> Tensor:
    """Other numbers in the dtype of a tensor."""
    if tensor.dtype != "bfloat16":
        return Tensor.of(np.asarray(values).astype(tensor.values.dtype))
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16  # to nearest, ties to even
    return Tensor("bfloat16", values.shape, rounded.astype("<u2").tobytes())


def _is_floating(value: Value) -> bool:
    return isinstance(value, Tensor) and value.values.dtype.kind == "f"


def _numbers(asked: Asked, of_array: Callable[[np.ndarray], np.ndarray]) -> Mapping[str, Value]:
    """The answer with every floating array and every number changed in the same way."""

    def change(_: Path, value: Value) -> Value:
        if isinstance(value, Tensor) and _is_floating(value):
            return tensor_like(value, of_array(value.values))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return type(value)(of_array(np.asarray(float(value))).item())
        return value

    return {name: rebuilt(value, change) for name, value in asked.answer.items()}


def _zeros() -> Change:
    return lambda asked: _numbers(asked, np.zeros_like)


def _ones() -> Change:
    return lambda asked: _numbers(asked, np.ones_like)


def _scaled() -> Change:
    return lambda asked: _numbers(asked, lambda values: values * FACTOR)


def _transposed() -> Change:
    return lambda asked: _numbers(asked, lambda values: values.swapaxes(-1, -2) if values.ndim > 1 else values)


def _input() -> Change:
    def change(asked: Asked) -> Mapping[str, Value]:
        given = [np.asarray(value) for value in asked.arguments.values() if isinstance(value, np.ndarray)]
        by_shape = {values.shape: values for values in reversed(given) if values.dtype.kind == "f"}

        def put(_: Path, value: Value) -> Value:
            if isinstance(value, Tensor) and _is_floating(value) and value.shape in by_shape:
                return tensor_like(value, by_shape[value.shape])
            return value

        return {name: rebuilt(value, put) for name, value in asked.answer.items()}

    return change


def _earlier() -> Change:
    before: dict[tuple[int, str, str, Path, tuple[int, ...]], Tensor] = {}

    def change(asked: Asked) -> Mapping[str, Value]:
        told = {}
        for name, value in asked.answer.items():

            def put(path: Path, leaf: Value, name: str = name) -> Value:
                if isinstance(leaf, Tensor) and _is_floating(leaf):
                    return before.setdefault((asked.seed, asked.probe, name, path, leaf.shape), leaf)
                return leaf

            told[name] = rebuilt(value, put)
        return told

    return change


CHANGES: dict[str, Callable[[], Change]] = {
    "zeros": _zeros,
    "ones": _ones,
    "its own input": _input,
    "an earlier reply": _earlier,
    "transposed replies": _transposed,
    "scaled replies": _scaled,
}
"""By what replies are replaced. Each makes a change that remembers nothing of other answers."""


@dataclass(frozen=True)
class Place:
    """Where a number stood: in the answer to which question of which check, and where in it."""

    seed: int
    question: bytes
    name: str
    path: Path
    dtype: str


@dataclass(frozen=True)
class Recorded:
    """What the checks got from one implementation."""

    leaves: dict[Place, Value]
    longest_s: float
    """of one call"""


def record(session: Session, exercise: Exercise, real: Implementation, seed: int) -> Recorded:
    """Every leaf of every answer that the checks get from an implementation."""
    found: dict[Place, Value] = {}

    def keep(asked: Asked) -> Mapping[str, Value]:
        key = asked.key
        for name, value in asked.answer.items():
            found.update({Place(asked.seed, key, name, path, _dtype(leaf)): leaf for path, leaf in leaves(value)})
        return asked.answer

    student = Replay(real, session, exercise, keep)
    not_passed(session, exercise, student, seed)
    return Recorded(found, student.longest_s)


def floors(recordings: list[Recorded]) -> dict[Place, float]:
    """How far right answers to the same question are apart by rounding, relative to the largest number of each."""
    found: dict[Place, float] = defaultdict(float)
    first, *others = recordings
    for place, value in first.leaves.items():
        for other in others:
            distance = _distance(value, other.leaves.get(place))
            if 0.0 < distance <= ROUNDINGS * _unit(value):
                found[place] = max(found[place], distance)
    return found


def noisy(floor: Mapping[Place, float]) -> Change:
    """Noise of a multiple of the check's floor on every number that has one: what all compute alike stays exact.

    The floor of a check is that of each dtype: what is float64 does not round as float32 does beside it.
    """
    levels: dict[tuple[int, str], float] = defaultdict(float)
    for place, distance in floor.items():
        level = place.seed, place.dtype
        levels[level] = max(levels[level], distance)

    def change(asked: Asked) -> Mapping[str, Value]:
        key = asked.key
        told = {}
        for name, value in asked.answer.items():

            def put(path: Path, leaf: Value, name: str = name) -> Value:
                dtype = _dtype(leaf)
                if Place(asked.seed, key, name, path, dtype) not in floor:
                    return leaf
                values = _array(leaf)
                blurred = values * (1.0 + NOISE * levels[asked.seed, dtype] * _scatter(values))
                return tensor_like(leaf, blurred) if isinstance(leaf, Tensor) else float(blurred)

            told[name] = rebuilt(value, put)
        return told

    return change


def _scatter(values: np.ndarray) -> np.ndarray:
    """A number in [-1, 1) for each number, the same for the same: copies must stay copies."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64).reshape(values.shape)
    with np.errstate(over="ignore"):
        mixed = (bits ^ (bits >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0


def _array(value: Value) -> np.ndarray:
    return (value.values if isinstance(value, Tensor) else np.asarray(value)).astype(np.float64)


def _distance(one: Value, other: Value) -> float:
    """Between two leaves, where both are floating numbers of one shape; else 0."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        comparable = _is_floating(one) and (one.dtype, one.shape) == (other.dtype, other.shape) and one.values.size > 0
    else:
        comparable = isinstance(one, float) and isinstance(other, float)
    if not comparable:
        return 0.0
    ours, theirs = _array(one), _array(other)
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all() and ours.any()):
        return 0.0
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def _dtype(value: Value) -> str:
    """The dtype of a leaf; plain numbers come from arithmetic in single precision."""
    return value.dtype if isinstance(value, Tensor) else "float32"


def _unit(value: Value) -> float:
    """The unit of the last place of a leaf."""
    return 2.0**-7 if _dtype(value) == "bfloat16" else float(np.finfo(_dtype(value)).eps)
