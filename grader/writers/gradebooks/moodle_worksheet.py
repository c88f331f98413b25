"""Moodle's offline grading worksheet: the teacher's own file with Grade and Feedback comments filled in.

Its headers are in the language of the site, and Moodle takes back no others. So columns are found by the words that we
know, else by what stands in them: the participant first, the grade right before the only column of equal maxima.
"""

import re

from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks.filling import Column, Target, Written, choose, fill
from grader.writers.gradebooks.matching import Row
from grader.writers.gradebooks.sheet import Sheet, any_text, number_of, read

WHAT = "the Moodle worksheet"
PARTICIPANT = re.compile(r"\D*\D(\d+)")
"""`Participant 17`, whatever the word for it"""
GRADE = ("Grade", "Bewertung")
MAXIMUM = ("Maximum Grade", "Maximum grade", "Bestwertung")
CHANGEABLE = ("Grade can be changed", "Bewertung kann geändert werden")
FEEDBACK = ("Feedback comments", "Feedback als Kommentar")
NAME = ("Full name", "Vollständiger Name")
KEYS = {
    "sis_id": ("ID number", "ID-Nummer"),
    "login": ("Username", "Anmeldename"),
    "email": ("Email address", "E-Mail-Adresse"),
}
NO = ("no", "nein")


def write(results: Results, template: bytes | None, wanted: str, decimal: str) -> Written:
    """The worksheet with grades and feedback; rows that Moodle has locked stay as they are."""
    if template is None:
        raise UsageError(
            f"{WHAT}: Moodle takes back only its own file; download the assignment's grading worksheet and name it"
        )
    sheet = read(template, WHAT)
    participants = _participants(sheet)
    maximum = sheet.find(*MAXIMUM)
    if maximum is None:
        maximum = _column_of_maxima(sheet, list(participants))
    column = _grade(sheet, list(participants), wanted, maximum)
    keys = {kind: sheet.find(*titles) for kind, titles in KEYS.items()}
    name, changeable = sheet.find(*NAME), sheet.find(*CHANGEABLE)
    rows = [
        Row(n, {"participant": number} | {kind: sheet.text(n, at) for kind, at in keys.items()}, sheet.text(n, name))
        for n, number in participants.items()
    ]

    def keep(row: int) -> str:
        return "Moodle has locked this grade" if sheet.text(row, changeable).casefold() in NO else ""

    target = Target(
        sheet,
        rows,
        column,
        feedback=_feedback(sheet, list(participants), column),
        keep=keep,
        maximum=lambda row: number_of(sheet.text(row, maximum)),
        alike=() if maximum is None else (maximum,),
    )
    return fill(results, target, decimal)


def _participants(sheet: Sheet) -> dict[int, str]:
    """The participant's number of each row; raises UsageError if this is no worksheet."""
    numbers: dict[int, str] = {}
    for n in range(1, len(sheet.rows)):
        if not any_text(sheet.rows[n]):
            continue
        match = PARTICIPANT.fullmatch(sheet.text(n, 0))
        if match is None:
            raise UsageError(f"{WHAT}: row {n + 1} does not begin with `Participant N`; download the grading worksheet")
        if len(sheet.rows[n]) != len(sheet.header):
            raise UsageError(f"{WHAT}: row {n + 1} has not as many cells as the first; download it again")
        numbers[n] = match[1]
    if not numbers:
        raise UsageError(f"{WHAT}: has no participants; download the assignment's grading worksheet again")
    return numbers


def _grade(sheet: Sheet, rows: list[int], wanted: str, maximum: int | None) -> Column:
    """The column of grades: the one that the teacher names, else that of a known name, else that before the maxima."""
    columns = [Column(n, "", title) for n, title in enumerate(sheet.header)]
    if wanted:
        return choose(wanted, columns, WHAT)
    found = sheet.find(*GRADE)
    if found is None and maximum and all(_may_be_grade(sheet.text(n, maximum - 1)) for n in rows):
        found = maximum - 1
    if found is None:
        raise UsageError(f"{WHAT}: which column is for grades? name one of: {', '.join(sheet.header)}")
    return columns[found]


def _column_of_maxima(sheet: Sheet, rows: list[int]) -> int | None:
    """The last column that has the same number above zero in all rows: grades may all be the same too, before it."""
    for n in reversed(range(2, len(sheet.header))):
        numbers = {number_of(sheet.text(row, n)) for row in rows}
        if len(numbers) == 1 and (numbers.pop() or 0) > 0:
            return n
    return None


def _may_be_grade(text: str) -> bool:
    return text in ("", "-") or number_of(text) is not None


def _feedback(sheet: Sheet, rows: list[int], grade: Column) -> int | None:
    """The column for feedback; one of an unknown name is it if it is the last and empty, as no date of a change is."""
    found, last = sheet.find(*FEEDBACK), len(sheet.header) - 1
    if found is None and last > grade.index and all(sheet.text(n, last) == "" for n in rows):
        return last
    return found
