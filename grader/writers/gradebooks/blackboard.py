"""Blackboard: the teacher's own download with one column filled, found by its number, and with feedback.

Blackboard makes a text column worth nothing of every header that it does not know, so that none is ever made here. A
download of a single column has one for feedback if the teacher asked for comments; it has no number that says whose.
"""

import re
from dataclasses import replace

from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks.filling import Column, Target, Written, choose, fill, place, students
from grader.writers.gradebooks.sheet import number_of, read

WHAT = "the Blackboard gradebook"
KEYS = {"Username": "login", "Student ID": "sis_id"}
GRADES = re.compile(r"(.*?)\s*\[([^\]]*)\]\s*\|(\d+)")
"""`Title [Total Pts: 100 Score] |12345`"""
COMPUTED = "up to"
"""What stands before the points of a column that Blackboard itself adds up."""
FEEDBACK, MARKUP = "Feedback to Learner", "Feedback Format"
POINTS = re.compile(r"\d+(?:[.,]\d+)?")


def write(results: Results, template: bytes | None, wanted: str, decimal: str) -> Written:
    """The download with one column filled."""
    if template is None:
        raise UsageError(f"{WHAT}: its columns have numbers that only it knows; download the gradebook and name it")
    sheet = read(template, WHAT)
    header = sheet.header
    column = choose(wanted.removeprefix("|"), _columns(header), WHAT)
    target = Target(sheet, students(sheet, place(header, KEYS, WHAT), WHAT), column)
    if sum(bool(GRADES.fullmatch(title)) for title in header) == 1:
        target = replace(target, feedback=sheet.find(FEEDBACK), markup=sheet.find(MARKUP))
    return fill(results, target, decimal)


def _columns(header: list[str]) -> list[Column]:
    columns = []
    for n, title in enumerate(header):
        match = GRADES.fullmatch(title)
        if match and COMPUTED not in match[2]:
            maximum = POINTS.search(match[2])
            columns.append(Column(n, match[3], match[1], number_of(maximum[0]) if maximum else None))
    return columns
