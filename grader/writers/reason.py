"""What is said of a student's files, as that student may read it."""

import re

from grader.results import Grade

ABOVE = re.compile(r".*(?:/|: )")
"""The folder or the zip in which an instructor keeps a hand-in."""


def of(grade: Grade) -> str:
    """Why nothing could be graded."""
    return without_place(grade.problem, grade)


def without_place(text: str, grade: Grade) -> str:
    """A text without the place where the instructor keeps the hand-ins of the class."""
    above = ABOVE.match(grade.origin)
    return text.replace(above[0], "") if above else text
