"""Canvas: one column of the instructor's own gradebook export, or the smallest table that Canvas takes.

Canvas has no comments in this file, finds students by ID, SIS User ID, SIS Login ID and then by name, and makes a new
assignment of every title that it does not know.
"""

import re

from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks.filling import Column, Target, Written, choose, fill, place, sift
from grader.writers.gradebooks.matching import Row
from grader.writers.gradebooks.sheet import Sheet, any_text, harmless, number, number_of, read, table

WHAT = "the Canvas gradebook"
KEYS = {"ID": "id", "SIS User ID": "sis_id", "SIS Login ID": "login"}
STUDENT = ("Student", "LastName", "FirstName", *KEYS, "Integration ID", "Root Account")
"""Columns that may stand before the one with the section, which is the student's last."""
ASSIGNMENT = re.compile(r"(.+) \((\d+)\)")
COMPUTED = re.compile(r"\b(Current|Final|Override) (Score|Grade|Points|Status)\b")
READ_ONLY = "(read only)"
POINTS_POSSIBLE = "Points Possible"
KEPT = {"EX": "is excused in Canvas (EX)", "N/A": "does not have this assignment in Canvas (N/A)"}


def write(results: Results, template: bytes | None, column: str, decimal: str) -> Written:
    """The export with one column filled; without one, the smallest table."""
    return (
        _smallest(results, column or results.title) if template is None else _filled(results, template, column, decimal)
    )


def _filled(results: Results, template: bytes, wanted: str, decimal: str) -> Written:
    sheet = read(template, WHAT)
    header = sheet.header
    section = _section(header)
    possible = next((n for n in range(1, len(sheet.rows)) if POINTS_POSSIBLE in sheet.text(n, 0)), None)
    column = choose(wanted, _columns(sheet, section, possible), WHAT)
    keys = place(header[:section], KEYS, WHAT)
    rows = [
        Row(n, {kind: sheet.text(n, at) for kind, at in keys.items()}, _name(sheet, n))
        for n in range(1, len(sheet.rows))
        if n != possible and any_text(sheet.rows[n][:section])  # a row about manual posting has no student
    ]
    for row in rows:
        if len(sheet.rows[row.index]) <= column.index:
            raise UsageError(f"{WHAT}: row {row.index + 1} ends before the column `{column}`; export it again")
    target = Target(sheet, rows, column, keep=lambda n: KEPT.get(sheet.text(n, column.index).upper(), ""))
    return fill(results, target, decimal)


def _section(header: list[str]) -> int:
    """Where the student's columns end, as Canvas finds it."""
    last = next((n for n, title in enumerate(header) if title not in STUDENT), len(header))
    if header[0] not in ("Student", "LastName") or last == len(header) or "Section" not in header[last]:
        raise UsageError(f"{WHAT}: its first row is not Student, ID, ... Section; give the gradebook's own export")
    return last


def _columns(sheet: Sheet, section: int, possible: int | None) -> list[Column]:
    columns = []
    for n, title in enumerate(sheet.header[section + 1 :], section + 1):
        match = ASSIGNMENT.fullmatch(title)
        maximum = sheet.text(possible, n) if possible is not None else ""
        if match and not COMPUTED.search(title) and READ_ONLY not in maximum:
            columns.append(Column(n, match[2], match[1], number_of(maximum)))
    return columns


def _name(sheet: Sheet, row: int) -> str:
    if sheet.header[0] == "Student":
        return sheet.text(row, 0)
    return f"{sheet.text(row, 0)}, {sheet.text(row, 1)}"


def _smallest(results: Results, title: str) -> Written:
    """Canvas asks before it makes a new assignment of a title; so `Title (id)` is the better name of a column."""
    if not title:
        raise UsageError(f"{WHAT}: which column? name the assignment as Canvas has it, `Title (id)`")
    graded, left_out = sift(results, tuple(KEYS.values()))
    out_of = max((grade.max_score for grade in results.grades), default=0.0)
    rows = [
        ["Student", *KEYS, "Section", harmless(title)],
        [f"    {POINTS_POSSIBLE}", "", "", "", "", number(out_of)],
        *([harmless(s.name), s.id, s.sis_id, s.login, "", number(final)] for s, final, _ in graded),
    ]
    return Written(table(rows), len(graded), left_out)
