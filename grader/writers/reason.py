"""Why nothing that a student handed in could be graded, as that student may read it."""

import re

from grader.results import Grade

ABOVE = re.compile(r".*(?:/|: )")
"""The folder or the zip in which an instructor keeps a hand-in."""


def of(grade: Grade) -> str:
    """The reason, without the place where the instructor keeps the hand-ins of the class."""
    above = ABOVE.match(grade.origin)
    return grade.problem.replace(above[0], "") if above else grade.problem
