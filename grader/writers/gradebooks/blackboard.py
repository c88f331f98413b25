"""Blackboard: the teacher's own download with one column filled, found by its number.

Blackboard makes a text column worth nothing of every header that it does not know, so that none is ever made here.
"""

import re

from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks.filling import Column, Target, Written, choose, fill, place
from grader.writers.gradebooks.matching import Row
from grader.writers.gradebooks.sheet import any_text, number_of, read

WHAT = "the Blackboard gradebook"
KEYS = {"Username": "login", "Student ID": "sis_id"}
GRADES = re.compile(r"(.*?)\s*\[([^\]]*)\]\s*\|(\d+)")
"""`Title [Total Pts: 100 Score] |12345`"""
COMPUTED = "up to"
"""What stands before the points of a column that Blackboard itself adds up."""
POINTS = re.compile(r"\d+(?:[.,]\d+)?")


def write(results: Results, template: bytes | None, wanted: str, decimal: str) -> Written:
    """The download with one column filled."""
    if template is None:
        raise UsageError(f"{WHAT}: its columns have numbers that only it knows; download the gradebook and name it")
    sheet = read(template, WHAT)
    header = sheet.header
    column = choose(wanted.removeprefix("|"), _columns(header), WHAT)
    keys = place(header, KEYS, WHAT)
    names = [header.index(title) for title in ("First Name", "Last Name") if title in header]
    rows = []
    for n in range(1, len(sheet.rows)):
        if not any_text(sheet.rows[n]):
            continue
        if len(sheet.rows[n]) != len(header):
            raise UsageError(f"{WHAT}: row {n + 1} has not as many cells as the first; download it again")
        name = " ".join(sheet.text(n, at) for at in names)
        rows.append(Row(n, {kind: sheet.text(n, at) for kind, at in keys.items()}, name))
    return fill(results, Target(sheet, rows, column), decimal)


def _columns(header: list[str]) -> list[Column]:
    columns = []
    for n, title in enumerate(header):
        match = GRADES.fullmatch(title)
        if match and COMPUTED not in match[2]:
            maximum = POINTS.search(match[2])
            columns.append(Column(n, match[3], match[1], number_of(maximum[0]) if maximum else None))
    return columns
