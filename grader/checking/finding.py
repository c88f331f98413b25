"""What a check found wrong, as data and as words, and the exceptions that carry a verdict out of a check's body."""

import unicodedata
from dataclasses import dataclass, field

import numpy as np

WIDTH = 76
SHOWN_ELEMENTS = 12
SHOWN_WIDTH = 40


@dataclass(frozen=True)
class Difference:
    """A wrong value beside the right one, as data; `allowed` is how far apart their elements may be."""

    seen: object
    expected: object
    allowed: float = 0.0


@dataclass(frozen=True)
class Finding:
    """The first thing that is not as it should be. `kind` is a word for comparing findings, not for reading."""

    kind: str
    headline: str
    expected: str = ""
    saw: str = ""
    note: str = ""
    frames: tuple[str, ...] = ()
    """lines of the submission that an exception passed through"""
    fatal: bool = False
    """the process is gone: looking for a smaller case would only repeat that"""
    difference: Difference | None = field(default=None, compare=False)
    """of a wrong value, for whoever looks for an explanation"""


@dataclass(frozen=True)
class Situation:
    """On what it was found: the drawn case, the arrays made for it, the call, what the submission printed."""

    case: dict[str, object] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    call: str = ""
    printed: str = ""


class Failed(Exception):
    """The verdict `fail`, with what was found."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.headline)
        self.finding = finding


class Todo(Exception):
    """The verdict `todo`, or `skipped` if the open hole belongs to another task."""

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self.task = task


class Unjudged(Exception):
    """The verdict `skipped`: what a check measures cannot be measured here, for the reason that this carries."""


def words(finding: Finding, situation: Situation) -> str:
    """The message of a failed check, for a terminal of 80 columns."""
    first, *more = clean(finding.headline).split("\n")
    # An exception's text may go on over lines; unmarked, they could pass for ours.
    lines = [first, *(f"  | {line}" for line in more)]
    lines += [f"  {clean(frame)}".replace("\n", "?") for frame in finding.frames]
    labelled = [("expected", finding.expected), ("saw", finding.saw), ("note", finding.note)]
    lines += _case_lines(situation)
    for label, text in labelled:
        if text:
            first, *more = clean(text).split("\n")
            lines += [f"{label:<9} {first}", *(f"{'':<9} {line}" for line in more)]
    if situation.printed.strip():
        printed = clean(situation.printed).strip().split("\n")
        lines += ["your code printed:", *(f"  {line[:WIDTH]}" for line in printed[:5])]
        if len(printed) > 5:
            lines.append(f"  ... and {len(printed) - 5} more lines")
    return "\n".join(lines)


def _case_lines(situation: Situation) -> list[str]:
    lines = [f"{'called':<9} {situation.call}"] if situation.call else []
    parts = [f"{name} = {value!r}" for name, value in situation.case.items()]
    for name, values in situation.arrays.items():
        parts.append(f"{name} = " + show(values).replace("\n", "\n" + " " * (len(name) + 3)))
    label = "with"
    for line in _joined(parts, WIDTH - 10):
        lines.append(f"{label:<9} {line}")
        label = ""
    return lines


def _joined(parts: list[str], width: int) -> list[str]:
    """The parts on as few lines as they fit on; a part of several lines stands alone."""
    lines: list[str] = []
    open_line = False
    for part in parts:
        if open_line and "\n" not in part and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += ", " + part
        else:
            lines += part.split("\n")
            open_line = "\n" not in part
    return lines


def show(values: np.ndarray) -> str:
    """An array as a learner would type it, long matrices row by row; only its shape where nobody would read it."""
    if not is_shown(values):
        return f"{values.dtype.name} array of shape {values.shape}"
    line = literal(values)
    if len(line) <= SHOWN_WIDTH or values.ndim < 2:
        return line
    return "[" + ",\n ".join(literal(row) for row in values) + "]"


def is_shown(values: np.ndarray) -> bool:
    """Whether an array is small enough to be shown element by element."""
    return values.size <= SHOWN_ELEMENTS


def literal(values: np.ndarray) -> str:
    """Nested lists with six significant digits."""
    if values.ndim == 0:
        return _number(values.item())
    return "[" + ", ".join(literal(row) for row in values) + "]"


def _number(value: object) -> str:
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text if any(mark in text for mark in ".en") else text + ".0"
    return str(value)


def clean(text: str) -> str:
    """Text from a submission without characters that could forge or hide lines: controls, and rare ends of lines."""
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return "".join("?" if char != "\n" and unicodedata.category(char) in hidden else char for char in text)
