"""Where an LMS puts a submission and looks for results, and how it wants them written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.report import Report
from grader.writers import gradescope, prairielearn


@dataclass(frozen=True)
class Surface:
    """One LMS; paths are below its root."""

    root: str
    submission: str
    results: str
    render: Callable[[Report, Sequence[str]], str]
    """what is written of a report, with notes on what was graded"""
    refuse: Callable[[str], str]
    """what is written of a submission that was not graded, and why"""


SURFACES = {
    "gradescope": Surface("/autograder", "submission", "results/results.json", gradescope.render, gradescope.ungraded),
    "prairielearn": Surface("/grade", "student", "results/results.json", prairielearn.render, prairielearn.refuse),
}
