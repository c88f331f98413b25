"""What a check found wrong, as data and as words, and the exceptions that carry a verdict out of a check's body."""

import unicodedata
from dataclasses import dataclass, field

import numpy as np

WIDTH = 76
SHOWN_ELEMENTS = 12


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


def words(finding: Finding, situation: Situation) -> str:
    """The message of a failed check, for a terminal of 80 columns."""
    lines = [clean(finding.headline)]
    lines += [f"  {clean(frame)}" for frame in finding.frames]
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
    parts = [f"{name} = {_plain(value)}" for name, value in situation.case.items()]
    parts += [f"{name} = {show(values)}" for name, values in situation.arrays.items()]
    label = "with"
    for line in _wrapped(parts, WIDTH - 10):
        lines.append(f"{label:<9} {line}")
        label = ""
    return lines


def _wrapped(parts: list[str], width: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= width and "\n" not in part:
            lines[-1] += ", " + part
        else:
            lines += part.split("\n")
    return lines


def _plain(value: object) -> str:
    return repr(value)


def show(values: np.ndarray) -> str:
    """An array as a learner would type it, or its shape where that is too long to be read."""
    if values.size > SHOWN_ELEMENTS:
        return f"{values.dtype.name} array of shape {values.shape}"
    return literal(values)


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
    """Text from a submission without the control characters that could forge or hide lines of a terminal."""
    hidden = ("Cc", "Cf", "Cs", "Co")
    return "".join("?" if char != "\n" and unicodedata.category(char) in hidden else char for char in text)
