"""Reads what a student predicts, in the ways in which people write numbers and shapes, and compares it."""

import math
import re

from grader.catalog import Answer, Prediction
from grader.errors import UsageError

CLOSE = 0.01
"""of a number that is not whole: who says 0.33 knows of the third"""
BETWEEN_THOUSANDS = "[,_ ']"
THOUSANDS = re.compile(rf"-?\d{{1,3}}({BETWEEN_THOUSANDS}\d{{3}})+(\.\d+)?")
SHAPE = re.compile(r"(?:torch\.Size)?[(\[\s]*\d{1,18}(?:[\s,x\u00d7*]+\d{1,18})*[\s,)\]]*", re.IGNORECASE)
MOST_REPEATED = 40
"""characters of an answer that is none"""


def is_right(prediction: Prediction, given: str) -> bool:
    """Whether an answer is the right one; raises UsageError, which says what is asked for, if it is none at all."""
    answer = prediction.answer
    if prediction.choices:
        return _choice(prediction, given) == answer
    if isinstance(answer, tuple):
        if not SHAPE.fullmatch(given.strip()):
            raise UsageError(f"{_quoted(given)} is no shape; answer with its numbers in order, such as `4 3`")
        return tuple(map(int, re.findall(r"\d+", given))) == answer
    number = _number(given)
    return number == answer if isinstance(answer, int) else math.isclose(number, float(answer), rel_tol=CLOSE)


def shown(answer: Answer) -> str:
    """An answer as people read it best."""
    if isinstance(answer, tuple):
        return f"({', '.join(map(str, answer))}{',' * (len(answer) == 1)})"
    return answer if isinstance(answer, str) else f"{answer:,}"


def plain(given: str) -> str:
    """An answer without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in given)


def letters(prediction: Prediction) -> list[str]:
    """What stands before each choice: a, b, c and so on."""
    return [chr(ord("a") + place) for place in range(len(prediction.choices))]


def _choice(prediction: Prediction, given: str) -> str:
    word = given.strip().strip("()").casefold()
    for letter, choice in zip(letters(prediction), prediction.choices, strict=True):
        if word in (letter, choice.casefold()):
            return choice
    raise UsageError(f"{_quoted(given)} is none of the choices; answer with {', '.join(letters(prediction))}")


def _number(given: str) -> float:
    text = given.strip()
    text = re.sub(BETWEEN_THOUSANDS, "", text) if THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        top, slash, bottom = text.partition("/")
        number = float(top) / float(bottom) if slash else float(text)
    except (ValueError, ZeroDivisionError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{_quoted(given)} is no number; answer with one, such as `1024`, `0.5` or `1/3`")
    return number


def _quoted(given: str) -> str:
    """The beginning of what was given, as a message repeats it."""
    return f"`{plain(given[:MOST_REPEATED])}{'...' if len(given) > MOST_REPEATED else ''}`"
