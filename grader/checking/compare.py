"""Comparing what was seen with what is right, in a fixed order: missing, type, shape, dtype, finite, value.

The first difference ends the comparison and is reported. Nothing here trusts a value to be what it should be.
"""

from typing import TypeAlias

import numpy as np

from grader.checking.finding import Difference, Failed, Finding, is_shown, literal, show
from grader.wire import Opaque, Tensor, Value

Expected: TypeAlias = Tensor | np.ndarray | float | int
Same: TypeAlias = "Value | np.ndarray"


def close(
    seen: Value,
    expected: Expected,
    *,
    rtol: float,
    scale: float | None = None,
    dtype: str | None = None,
    what: str = "the result",
) -> None:
    """Fail unless max|seen - expected| <= rtol * scale, where scale is max|expected| if it is not given.

    `seen` is a tensor (or a plain number, where a number is expected). Its dtype must be that of an expected
    Tensor; for an expected numpy array any dtype goes. `dtype` overrides that: a name demands it, "any" does not ask.
    """
    wanted = expected.values if isinstance(expected, Tensor) else np.asarray(expected)
    if dtype is None and isinstance(expected, Tensor):
        dtype = expected.dtype
    if not isinstance(expected, Tensor | np.ndarray) and not isinstance(seen, Tensor):
        values = np.asarray(number(seen, what=what))
    else:
        values = array(seen, shape=wanted.shape, dtype=None if dtype == "any" else dtype, what=what)
    if values.size == 0:
        return
    wide = np.complex128 if np.iscomplexobj(values) or np.iscomplexobj(wanted) else np.float64
    with np.errstate(over="ignore"):  # an error beyond the largest number is an error
        error = np.abs(values.astype(wide) - wanted.astype(wide))
    size = float(np.abs(wanted.astype(wide)).max()) if scale is None else scale
    if error.max() > rtol * size:
        _differs(values, wanted, error, rtol * size, size, what)


def exactly(seen: Value, expected: Same, *, what: str = "the result") -> None:
    """Fail unless seen and expected are the same: equal elements and dtype for arrays, equal type and value else."""
    if isinstance(expected, np.ndarray):
        expected = Tensor.of(expected)
    if isinstance(expected, Tensor):
        values = array(seen, shape=expected.shape, dtype=expected.dtype, what=what, finite=False)
        unequal = ~((values == expected.values) | ((values != values) & (expected.values != expected.values)))
        if unequal.any():
            _differs(values, expected.values, unequal, 0.0, 0.0, what)
    elif type(seen) is not type(expected) or seen != expected:
        difference = Difference(seen, expected)
        raise Failed(
            Finding("value", f"{what} is not as expected", repr(expected), _describe(seen), difference=difference)
        )


def array(
    seen: Value,
    shape: tuple[int, ...] | None = None,
    dtype: str | None = None,
    *,
    what: str = "the result",
    finite: bool = True,
) -> np.ndarray:
    """The numbers of a tensor once its type, shape, dtype and finiteness are vetted; bfloat16 widened to float32."""
    if not isinstance(seen, Tensor):
        expected = "a tensor" if shape is None else f"a tensor of shape {shape}"
        raise Failed(Finding("type", f"{what} is not a tensor", expected, _describe(seen)))
    if shape is not None and seen.shape != tuple(shape):
        note = _shape_note(seen.shape, tuple(shape))
        raise Failed(
            Finding("shape", f"{what} has the wrong shape", f"shape {tuple(shape)}", f"shape {seen.shape}", note)
        )
    if dtype is not None and seen.dtype != dtype:
        raise Failed(Finding("dtype", f"{what} has the wrong dtype", dtype, seen.dtype))
    values = seen.values
    if finite and not np.isfinite(values).all():
        index = _first(~np.isfinite(values))
        found = f"{values[index]} at {list(index)}"
        raise Failed(Finding("finite", f"{what} is not finite", "finite numbers", found))
    return values


def number(seen: Value, *, what: str = "the result") -> float:
    """A finite plain number as float (a tensor of one element counts); anything else fails."""
    if isinstance(seen, Tensor) and seen.shape == ():
        return float(array(seen, what=what).item().real)
    if isinstance(seen, bool) or not isinstance(seen, int | float):
        raise Failed(Finding("type", f"{what} is not a number", "a number", _describe(seen)))
    if not np.isfinite(seen):
        raise Failed(Finding("finite", f"{what} is not finite", "a finite number", repr(seen)))
    return float(seen)


def that(condition: object, *, expected: str, seen: str, what: str = "the result", note: str = "") -> None:
    """Fail unless the condition, computed on our side from vetted values, holds."""
    if not condition:
        raise Failed(Finding("value", f"{what} is not as expected", expected, seen, note))


def _differs(values: np.ndarray, wanted: np.ndarray, error: np.ndarray, allowed: float, size: float, what: str) -> None:
    """Fail with the first element that is off by more than is allowed."""
    index = _first(error > allowed)
    expected, saw = (literal(np.asarray(side[index])) for side in (wanted, values))
    place = f" at {list(index)}" if index else ""
    notes = []
    if wanted.size > 1:
        notes.append(f"first difference{place}: expected {expected}, saw {saw}")
    if is_shown(wanted):
        expected, saw = show(wanted), show(values)
    else:
        expected, saw = expected + place, saw + place
    if size > 0:
        notes.append(f"largest relative error {float(error.max()) / size:.2g}, allowed {allowed / size:.1g}")
    difference = Difference(values, wanted, allowed)
    raise Failed(
        Finding("value", f"{what} has the wrong value", expected, saw, "\n".join(notes), difference=difference)
    )


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def _describe(seen: Value) -> str:
    """What a learner would call a value of the wrong type."""
    match seen:
        case None:
            return "None (is a `return` missing?)"
        case Tensor():
            return f"a tensor of shape {seen.shape}, {seen.dtype}: {show(seen.values)}"
        case Opaque():
            return f"an object of type {seen.type_name}"
        case list() | dict():
            parts = seen if isinstance(seen, list) else seen.values()
            if any(isinstance(part, Tensor | Opaque | list | dict) for part in parts) or len(repr(seen)) > 120:
                return f"a {type(seen).__name__} of {len(seen)} element{'s' if len(seen) != 1 else ''}"
    return repr(seen)[:200]


def _shape_note(seen: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(wanted) >= 2 and seen == (*wanted[:-2], wanted[-1], wanted[-2]):
        return "the last two axes are swapped: is a transpose missing, or one too many?"
    if len(seen) != len(wanted):
        return f"{len(seen)} axes instead of {len(wanted)}"
    return ""
