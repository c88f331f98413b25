"""What a wrong value looks like: transforms of the right answer that would explain all of it.

A transform is a hypothesis. It is tried on every failing case that was run, the smaller ones of the search included,
and speaks only if it holds on all of them and no other of its rank does. What it says is true of these cases; what
it means is left to the reader. Pure: arrays and named quantities in, one line out.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.checking.finding import Difference

LARGEST = 200_000
"""Elements up to which arrays are looked at."""
MOST_ARRAYS = 8
LOOSEST = 1e-4
"""A match must be this close, relative to the largest expected value, however much more a check allows."""
ENOUGH = 3
"""Cases on all of which nothing holds by chance, though it might on one of them."""
LARGE = 10
"""What is at least this large hardly equals another number, or a simple multiple of it, by chance."""
SIMPLE = {0.25: "a quarter of", 0.5: "half of", 2.0: "twice", 3.0: "three times", 4.0: "four times"}
DIGITS = {"float64": 1e-12, "float32": 1e-6, "float16": 1e-3}
"""What rounding may add to a transform of a number, relative to it."""


@dataclass(frozen=True)
class Evidence:
    """One wrong value, and what was known where it was seen."""

    difference: Difference
    quantities: Mapping[str, float] = field(default_factory=dict)
    """numbers by the names a reader knows: drawn ones, arguments, lengths of axes"""
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    """what was sent"""
    repeated: bool = False
    """whether the same array answers another question of this case, too"""


@dataclass(frozen=True, order=True)
class Transform:
    """A hypothesis: what was done to the right answer. Of those that hold, the lowest rank speaks, if it is alone."""

    rank: int
    says: str
    quantity: str = ""
    """what it rests on; two names for the same number make one explanation, not two"""


Tried = Iterator[tuple[Transform, bool]]
"""Transforms that hold on a piece of evidence; True for those that would hardly hold on it by chance."""


@dataclass(frozen=True)
class _Numbers:
    """A wrong value and the right one as float64, and what may lie between equal numbers."""

    seen: np.ndarray
    expected: np.ndarray
    allowed: float

    @classmethod
    def of(cls, difference: Difference) -> "_Numbers | None":
        sides = [_array(side) for side in (difference.seen, difference.expected)]
        if any(side.dtype.kind not in "fiu" for side in sides) or sides[0].shape != sides[1].shape:
            return None
        digits = max(DIGITS.get(side.dtype.name, 0.0) for side in sides)
        seen, expected = (side.astype(np.float64) for side in sides)
        if not 0 < seen.size <= LARGEST or not np.isfinite(seen).all() or not np.isfinite(expected).all():
            return None
        largest = float(np.abs(expected).max())
        return cls(seen, expected, min(max(difference.allowed, digits * largest), LOOSEST * largest))

    def is_seen(self, values: np.ndarray, times: float = 1.0) -> bool:
        """Whether what was seen equals these values, up to rounding that grew `times` as large as that of others."""
        return bool((np.abs(self.seen - values) <= self.allowed * max(1.0, abs(times))).all())


def _array(value: object) -> np.ndarray:
    """A value as an array; one that compares with nothing if it is no number and no list of numbers."""
    if isinstance(value, list) and not all(type(item) in (int, float) for item in value):
        return np.empty(0, object)
    return np.asarray(value)


def quantities_of(plain: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The numbers that a factor or an offset may turn out to be, by name."""
    found = {name: float(value) for name, value in plain.items() if type(value) is int or type(value) is float}
    for name, values in arrays.items():
        if values.ndim == 1:
            found[f"len({name})"] = float(len(values))
        elif values.ndim:
            found |= {f"{name}.shape[{axis}]": float(length) for axis, length in enumerate(values.shape)}
            found[f"{name}.size"] = float(values.size)
        if values.dtype.kind == "i" and (values < 0).any():  # as labels mark what is no target
            found[f"({name} >= 0).sum()"] = float(np.count_nonzero(values >= 0))
    return found


def explain(evidence: Sequence[Evidence]) -> str:
    """What all of the evidence looks like, in one line; empty where nothing or more than one thing explains it.

    The last piece of evidence is the one that the reader sees: numbers are those of that one.
    """
    found = [dict(_transforms(one)) for one in evidence]
    everywhere = [transform for transform in found[0] if all(transform in one for one in found)]
    holding = sorted(transform for transform in everywhere if _is_sure(transform, found, evidence))
    best = [transform for transform in holding if transform.rank == holding[0].rank]
    if len({transform.says for transform in best}) != 1:
        return ""
    return _sentence(best, evidence)


def _is_sure(transform: Transform, found: list[dict[Transform, bool]], evidence: Sequence[Evidence]) -> bool:
    if any(one[transform] for one in found):
        return True
    if transform.quantity:  # a number of the case is told from a constant by cases in which it is another one
        return len({_of(transform.quantity, one.quantities) for one in evidence}) > 1
    return len({repr(one.difference.expected) for one in evidence}) >= ENOUGH


def _sentence(same: list[Transform], evidence: Sequence[Evidence]) -> str:
    names = sorted((transform.quantity for transform in same), key=lambda name: (not name.isidentifier(), len(name)))
    says = same[0].says
    if "{factor}" in says:
        numbers = _Numbers.of(evidence[-1].difference)
        says = says.replace("{factor}", f"{_factor(numbers):.6g}" if numbers else "")
    says = says.replace("{quantity}", f"`{names[0]}`")
    return f"{says} (in all {len(evidence)} failing cases tried)" if len(evidence) > 1 else says


def _transforms(evidence: Evidence) -> Tried:
    difference = evidence.difference
    if isinstance(difference.seen, list) and isinstance(difference.expected, list):
        yield from _of_lists(difference.seen, difference.expected)
    numbers = _Numbers.of(difference)
    if numbers is None:
        return
    with np.errstate(all="ignore"):  # what overflows explains nothing, and equals nothing
        yield from _precisions(numbers, evidence)
        if not numbers.is_seen(numbers.expected):  # else nothing but rounding is wrong
            for find in (_simple, _other_arrays, _orders, _factors, _terms, _offsets, _counts, _places):
                yield from find(numbers, evidence)


def _simple(numbers: _Numbers, _evidence: Evidence) -> Tried:
    if not numbers.expected.any():
        return
    if not numbers.seen.any():
        yield Transform(0, "yours is zero everywhere"), numbers.seen.size > 1
    elif numbers.is_seen(-numbers.expected):
        yield Transform(0, "yours has the opposite sign"), _is_telling(numbers.expected)


def _other_arrays(numbers: _Numbers, evidence: Evidence) -> Tried:
    """What was sent, as it was sent, or what was answered before."""
    for name, values in evidence.arrays.items():
        if values.shape == numbers.seen.shape and numbers.is_seen(values):
            yield Transform(0, f"yours is `{name}`, as it was given"), _is_telling(values)
    if evidence.repeated:
        yield Transform(4, "two different questions on this case have the same answer"), _is_telling(numbers.seen)


def _orders(numbers: _Numbers, _evidence: Evidence) -> Tried:
    """The right numbers in other places."""
    seen, expected = numbers.seen, numbers.expected
    if seen.size < 2:
        return
    telling = _is_telling(expected)
    if seen.ndim >= 2 and seen.shape[-1] == seen.shape[-2] and numbers.is_seen(expected.swapaxes(-1, -2)):
        yield Transform(1, "yours is the transpose of what is expected"), telling
    for axis, length in enumerate(seen.shape):
        along = f" along axis {axis}" if seen.ndim > 1 else ""
        if length >= 2 and numbers.is_seen(np.flip(expected, axis)):
            yield Transform(1, f"yours has the right numbers in reverse order{along}"), telling
        begins = {_right_before(numbers, axis): "yours begins right, but then is", 0: "yours is right, but"}
        for start, words in begins.items():
            late, early = (np.take(expected, range(*ends), axis) for ends in ((start, length - 1), (start + 1, length)))
            for word, part, places in (("late", late, (start + 1, length)), ("early", early, (start, length - 1))):
                shifted = np.take(seen, range(*places), axis)
                if length - start >= 3 and (np.abs(shifted - part) <= numbers.allowed).all():
                    yield Transform(1 + bool(start), f"{words} one position too {word}{along}"), _is_telling(part)
    if (np.abs(np.sort(seen, None) - np.sort(expected, None)) <= numbers.allowed).all():
        yield Transform(3, "yours has the right numbers in other places"), telling and seen.size >= 4


def _factors(numbers: _Numbers, evidence: Evidence) -> Tried:
    expected = numbers.expected
    factor = _factor(numbers)
    for rank, says, formula, value in _formulas(evidence.quantities, factor):
        if numbers.is_seen(value * expected, value):
            yield Transform(rank, says, formula), _is_rare(formula, evidence.quantities)
    whole = expected.size == 1 and abs(float(expected.flat[0])) >= LARGE
    if whole and factor in SIMPLE and numbers.is_seen(factor * expected):
        yield Transform(5, f"yours is {SIMPLE[factor]} what is expected"), True
    if np.count_nonzero(expected) > 1 and abs(factor) > 1e-9 and numbers.is_seen(factor * expected, factor):
        yield Transform(5, f"yours is {factor:.6g} times what is expected, everywhere"), True
        yield Transform(6, "yours is right up to a factor, which is {factor} here"), True


def _counts(numbers: _Numbers, evidence: Evidence) -> Tried:
    """One number, where another one of the case belongs."""
    if numbers.seen.size > 1:
        return
    for name, value in evidence.quantities.items():
        if value and numbers.is_seen(np.full(numbers.seen.shape, value)):
            yield Transform(4, "yours is {quantity}", name), _is_rare(name, evidence.quantities)


def _factor(numbers: _Numbers) -> float:
    square = float((numbers.expected * numbers.expected).sum())
    return float((numbers.seen * numbers.expected).sum()) / square if square else 0.0


def _formulas(quantities: Mapping[str, float], factor: float) -> Iterator[tuple[int, str, str, float]]:
    """What a wrong factor may be: rank, words, name and value of each that is near it."""
    times = "yours is {factor} times what is expected: exactly "

    def is_near(value: float) -> bool:
        return abs(value - factor) <= LOOSEST * abs(factor) and abs(value - 1) > LOOSEST

    for name, value in quantities.items():
        if is_near(value):
            yield 2, times + "{quantity}; is a division by it missing, or is it multiplied by twice?", name, value
        if value > 0:
            root = math.sqrt(value)
            if is_near(1 / value):
                yield 2, times + "1 / {quantity}; is it missing as a factor, or divided by twice?", name, 1 / value
            if is_near(root):
                yield 3, times + "the square root of {quantity}", name, root
            if is_near(1 / root):
                yield 3, times + "1 / the square root of {quantity}", name, 1 / root
    plain = {name: value for name, value in quantities.items() if not name.endswith(".size")}
    for (one, first), (two, second) in itertools.permutations(plain.items(), 2):
        if second and is_near(first / second):
            yield 4, times + "{quantity}", f"{one} / {two}", first / second


def _is_rare(formula: str, quantities: Mapping[str, float]) -> bool:
    """Whether a number is no small whole or simple one, which equals others by chance."""
    return not all((4 * one).is_integer() for one in _of(formula, quantities))


def _of(formula: str, quantities: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(quantities[name] for name in formula.split(" / "))


def _terms(numbers: _Numbers, evidence: Evidence) -> Tried:
    """A term that is missing, or there twice, or alone: something that was sent, or the product of two such things."""
    shape, missing = numbers.seen.shape, numbers.expected - numbers.seen
    if not shape:
        return
    sent = {name: values for name, values in evidence.arrays.items() if values.dtype.kind in "fiu" and values.any()}
    sent = dict(itertools.islice(((n, v) for n, v in sent.items() if v.ndim and v.size <= LARGEST), MOST_ARRAYS))
    products = {name: values for name, values in _products(sent, shape) if values.any()}
    for name, values in (sent | products).items():
        term = _fitted(values, shape)
        if term is None:
            continue
        for says, sign in ((f"yours lacks the term `{name}`", 1), (f"yours has the term `{name}` once too often", -1)):
            if (np.abs(missing - sign * term) <= numbers.allowed).all():
                yield Transform(2, says), _is_telling(term)
    sums = products | {
        f"{name} + {other}": values + term
        for name, values in products.items()
        for other, one in sent.items()
        if one.ndim == 1 and (term := _fitted(one, shape)) is not None
    }
    for name, total in sums.items():
        if numbers.is_seen(total):
            yield Transform(1, f"yours is `{name}`, and nothing else"), _is_telling(total)
    for name, values in (sent | sums).items():
        term = _fitted(values, shape)
        if term is not None:
            yield from _beside(name, term, numbers, evidence)


def _beside(name: str, term: np.ndarray, numbers: _Numbers, evidence: Evidence) -> Tried:
    """A term is right, and what is added to it is not."""
    rest = _Numbers(numbers.seen - term, numbers.expected - term, numbers.allowed)
    right = _Numbers(term, numbers.expected, numbers.allowed)
    if not _is_telling(rest.expected) or right.is_seen(_factor(right) * right.expected):
        return  # there is nothing to add, or what there is is more of the same
    beside = f"what yours adds to `{name}` "
    if rest.is_seen(-rest.expected):
        yield Transform(2, beside + "has the opposite sign"), True
    if rest.seen.ndim == 2 and rest.seen.shape == rest.seen.T.shape and rest.is_seen(rest.expected.T):
        yield Transform(2, beside + "is the transpose of what is expected there"), True
    factor = _factor(rest)
    for _, says, formula, value in _formulas(evidence.quantities, factor):
        if rest.is_seen(value * rest.expected, value):
            exactly = says.partition("exactly ")[2].partition(";")[0]
            sure = _is_rare(formula, evidence.quantities)
            yield Transform(3, f"{beside}is {exactly} times what is expected there", formula), sure
    if abs(factor) > 1e-9 and rest.is_seen(factor * rest.expected, factor):
        yield Transform(4, f"{beside}is {factor:.6g} times what is expected there"), True
        yield Transform(5, f"{beside}is right up to a factor"), True


def _products(sent: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    for (one, left), (two, right) in itertools.permutations(sent.items(), 2):
        if right.ndim != 2 or left.ndim < 2:
            continue
        sides = [(one, left)] if left.ndim > 2 else [(one, left), (f"{one}.T", left.T)]
        for (name, first), (other, second) in itertools.product(sides, ((two, right), (f"{two}.T", right.T))):
            if first.shape[-1] == second.shape[0] and (*first.shape[:-1], second.shape[1]) == shape:
                yield f"{name} @ {other}", first @ second


def _fitted(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        return None


def _offsets(numbers: _Numbers, evidence: Evidence) -> Tried:
    more = numbers.seen - numbers.expected
    offset = float(more.flat[0])
    if abs(offset) <= numbers.allowed or (np.abs(more - offset) > numbers.allowed).any():
        return
    everywhere = ", everywhere" * (more.size > 1)
    direction = "more" if offset > 0 else "less"
    telling = _is_telling(numbers.expected) and _is_telling(numbers.seen)
    for name, value in evidence.quantities.items():
        if abs(abs(offset) - value) <= numbers.allowed and value:
            says = f"yours is {{quantity}} {direction} than what is expected{everywhere}"
            yield Transform(4, says, name), telling and _is_rare(name, evidence.quantities)
    yield Transform(5, f"yours is {abs(offset):.6g} {direction} than what is expected{everywhere}"), telling


def _places(numbers: _Numbers, evidence: Evidence) -> Tried:
    """Where it is wrong, if that is a place with a name."""
    wrong = np.abs(numbers.seen - numbers.expected) > numbers.allowed
    if wrong.all():
        return
    for name, values in evidence.arrays.items():
        if values.ndim and values.shape == wrong.shape[: values.ndim] and set(np.unique(values)) == {0, 1}:
            hit = wrong.reshape(*values.shape, -1).any(-1)
            ones = int(np.count_nonzero(values))
            for digit in (0, 1):
                if not hit[values != digit].any():
                    yield Transform(6, f"yours is wrong only where `{name}` is {digit}"), 1 < ones < values.size - 1
    for axis, length in enumerate(wrong.shape):
        hit = wrong.any(tuple(other for other in range(wrong.ndim) if other != axis))
        along = f" along axis {axis}" if wrong.ndim > 1 else ""
        for place, index in (("first", 0), ("last", length - 1)):
            if length >= 2 and hit.sum() == 1 and hit[index]:
                sure = length >= 3 or bool((np.abs(numbers.expected[~wrong]) >= LARGE).any())
                yield Transform(7, f"yours is wrong only at the {place} position{along}"), sure
            if length >= 3 and hit.sum() == length - 1 and not hit[index]:
                yield Transform(7, f"yours is right only at the {place} position{along}"), True
        # One change from right to wrong or back: what stands before another thing, or behind it.
        turns = np.flatnonzero(np.diff(hit))
        if len(turns) == 1:
            at, words = int(turns[0]) + 1, ("wrong", "right") if hit[0] else ("right", "wrong")
            says = f"yours is {words[0]} up to position {{}}{along}, and {words[1]} from there on"
            for name, value in evidence.quantities.items():
                if value == at:
                    yield Transform(8, says.format("{quantity}"), name), False
            yield Transform(9, says.format(at)), length >= 3


def _right_before(numbers: _Numbers, axis: int) -> int:
    """How many positions along an axis are right before the first that is wrong."""
    wrong = np.abs(numbers.seen - numbers.expected) > numbers.allowed
    return int(np.argmax(wrong.any(tuple(other for other in range(wrong.ndim) if other != axis))))


def _precisions(numbers: _Numbers, evidence: Evidence) -> Tried:
    seen, expected = _array(evidence.difference.seen), _array(evidence.difference.expected)
    if seen.dtype.kind != "f":
        return
    largest = np.abs(numbers.expected).max()
    error = np.abs(numbers.seen - numbers.expected).max() / largest if largest else math.inf
    for name, allowed in (("bfloat16", 2e-2), ("float16", 2e-3), ("float32", 2e-6)):
        fits = [(_rounded(side, name) == side) for side in (seen, expected)]
        if error <= allowed and fits[0].all() and np.count_nonzero(~fits[1]) > 1:
            yield Transform(4, f"all numbers of yours fit into {name}: is a step computed or stored in it?"), True
            return
    if seen.dtype == np.float64 and 1e-9 < error < 1e-6:
        yield Transform(4, "yours is right to about 7 digits: float32 has so many, float64 has 16"), True


def _rounded(values: np.ndarray, name: str) -> np.ndarray:
    if name == "bfloat16":  # the upper half of a float32's bits
        return (values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    return values.astype(name)


def _of_lists(seen: list[object], expected: list[object]) -> Tried:
    mine, wanted = Counter(map(repr, seen)), Counter(map(repr, expected))
    if not seen and expected:
        yield Transform(0, "yours is empty"), True
    elif mine == wanted:
        yield Transform(0, "yours has the right entries in another order"), True
    elif not mine - wanted:
        yield Transform(0, "all entries of yours are right, but others are missing"), True
    elif not wanted - mine:
        yield Transform(0, "yours has all the right entries, and others beside them"), True


def _is_telling(values: np.ndarray) -> bool:
    """Whether numbers are various enough that others would hardly equal them by chance."""
    return len(np.unique(np.abs(values[values != 0]))) > 1
