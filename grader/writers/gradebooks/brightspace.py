"""Brightspace (D2L): the teacher's own export with the points of one item filled in. It takes no feedback in this file.

Its keys begin with a sign that keeps spreadsheet programs from eating their zeros, and another ends each row: as with
everything else in the export, both stay. A grade above an item's maximum would be cut to it without a word.
"""

import re
from dataclasses import replace

from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks.filling import Column, Target, Written, choose, fill, place, students
from grader.writers.gradebooks.sheet import number_of, read

WHAT = "the Brightspace gradebook"
KEYS = {"OrgDefinedId": "sis_id", "Username": "login"}
SIGN = "#"
"""What keys begin with."""
ITEM = re.compile(r"(.+) Points Grade(?: <Numeric MaxPoints:(\d+(?:[.,]\d+)?)[^>]*>)?")
"""`Title Points Grade <Numeric MaxPoints:100 Weight:20>`; other items take symbols or text"""


def write(results: Results, template: bytes | None, wanted: str, decimal: str) -> Written:
    """The export with one item filled."""
    if template is None:
        raise UsageError(
            f"{WHAT}: it makes a new item of a title that it does not know; export the grades and name them"
        )
    sheet = read(template, WHAT)
    column = choose(wanted, _items(sheet.header), WHAT)
    rows = [
        replace(row, keys={kind: key.removeprefix(SIGN) for kind, key in row.keys.items()})
        for row in students(sheet, place(sheet.header, KEYS, WHAT), WHAT)
    ]
    return fill(results, Target(sheet, rows, column), decimal)


def _items(header: list[str]) -> list[Column]:
    matches = [(n, match) for n, title in enumerate(header) if (match := ITEM.fullmatch(title))]
    return [Column(n, "", match[1], number_of(match[2] or "")) for n, match in matches]
