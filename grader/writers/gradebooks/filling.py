"""Fills grades into one column of a teacher's table. Where there is any doubt, a cell stays as it is and is listed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.errors import UsageError
from grader.results import Grade, Results, Student
from grader.verdict import Verdict
from grader.writers.gradebooks import feedback
from grader.writers.gradebooks.matching import Row, folded, match, repeated
from grader.writers.gradebooks.sheet import Sheet, any_text, harmless, number, number_of
from grader.writers.terminal import hundredths, points


@dataclass(frozen=True)
class Written:
    """A gradebook, and what whoever publishes it must know."""

    content: bytes
    filled: int
    """how many students have a grade in it"""
    left_out: tuple[tuple[str, str], ...] = ()
    """student and why: none of them got a grade, and none of them a zero"""
    changed: tuple[tuple[str, str, str], ...] = ()
    """student, the grade that the table had, the one that it has now"""
    without: tuple[str, ...] = ()
    """rows of the table that no result belongs to; they are as they were"""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column for grades that a table has, by both names that a teacher may give."""

    index: int
    id: str
    title: str
    maximum: float | None = None

    def __str__(self) -> str:
        return f"{self.title} ({self.id})" if self.id else self.title


@dataclass(frozen=True)
class Target:
    """Where grades go in a table."""

    sheet: Sheet
    rows: Sequence[Row]
    column: Column
    feedback: int | None = None
    """the column for feedback in HTML, if there is one"""
    markup: int | None = None
    """the column that says in which markup a feedback is, if there is one"""
    keep: Callable[[int], str] = field(default=lambda _: "")
    """why the grade of a row must stay as it is; empty if it need not"""
    maximum: Callable[[int], float | None] = field(default=lambda _: None)
    """the maximum that a row has of its own, where tables have that"""
    alike: tuple[int, ...] = ()
    """other columns with numbers that are spelt as grades must be"""


def fill(results: Results, target: Target, decimal: str) -> Written:
    """The table with the grades of all students that it surely means."""
    sheet, column = target.sheet, target.column
    matches = match([grade.student for grade in results.grades], target.rows)
    decimal = sheet.decimal((column.index, *target.alike), decimal)
    left_out: list[tuple[str, str]] = []
    changed: list[tuple[str, str, str]] = []
    own_words: list[str] = []
    filled = 0
    for grade in results.grades:
        who, row = label(grade.student), matches.rows.get(grade.student.key)
        why = why_no_grade(grade, results) or matches.unmatched.get(grade.student.key, "")
        if why or row is None or grade.final is None:
            left_out.append((who, why))
            continue
        maximum = column.maximum if column.maximum is not None else target.maximum(row)
        why = target.keep(row) or why_above(grade.final, maximum)
        if why:
            left_out.append((who, why))
            continue
        before, now = sheet.text(row, column.index), number(grade.final, decimal)
        old, new = number_of(before), number_of(now)
        if before not in ("", "-") and old != new:
            changed.append((who, before, now))
        if before in ("", "-") or old != new:  # the same number stays spelt as it is
            sheet.write(row, column.index, now)
        if target.feedback is not None and not feedback.write(sheet, row, target.feedback, grade):
            own_words.append(who)
        elif target.markup is not None:
            sheet.write(row, target.markup, feedback.MARKUP)
        filled += 1
    found = set(matches.rows.values())
    without = tuple(row.name or next(iter(row.keys.values()), "") for row in target.rows if row.index not in found)
    notes = (f"feedback that somebody wrote by hand stays as it is: {', '.join(own_words)}",) if own_words else ()
    return Written(sheet.content(), filled, tuple(left_out), tuple(changed), without, notes)


def sift(
    results: Results, kinds: Sequence[str]
) -> tuple[list[tuple[Student, float, Grade]], tuple[tuple[str, str], ...]]:
    """Who can have a row in a table of our own, told apart by keys of these kinds; and who cannot, and why."""
    doubled = {kind: repeated(getattr(grade.student, kind) for grade in results.grades) for kind in kinds}
    graded: list[tuple[Student, float, Grade]] = []
    left_out: list[tuple[str, str]] = []
    for grade in results.grades:
        keys = {kind: getattr(grade.student, kind) for kind in kinds if getattr(grade.student, kind)}
        why = why_no_grade(grade, results)
        if not why and not keys:
            why = f"their {' or '.join(kinds)} is not known, and a name may be another's"
        if not why and any(folded(key) in doubled[kind] for kind, key in keys.items()):
            why = f"another student has the same {' or '.join(keys)}"
        if not why and any(harmless(key) != key for key in keys.values()):
            why = f"their {' or '.join(keys)} begins with a sign that makes a formula of a cell"
        if why or grade.final is None:
            left_out.append((label(grade.student), why))
        else:
            graded.append((grade.student, grade.final, grade))
    return graded, tuple(left_out)


def label(student: Student) -> str:
    """A student, as people and files call them."""
    return f"{student.name} ({student.key})" if student.name else student.key


def why_no_grade(grade: Grade, results: Results) -> str:
    """Why a gradebook must not have a number for this student; empty if it must."""
    if grade.final is None:
        return f"has no grade: {grade.problem or broken(grade) or 'our own fault stands in the way of one'}"
    if not math.isfinite(grade.final) or grade.final < 0:
        return f"{grade.final} is no grade"
    out_of = max(other.max_score for other in results.grades)
    if hundredths(grade.max_score) < hundredths(out_of):
        return f"could be graded out of {points(grade.max_score)} only, others out of {points(out_of)}"
    return ""


def why_above(score: float, maximum: float | None) -> str:
    """Why a score does not fit a column; empty if it does. Nothing is ever scaled."""
    if maximum is None or hundredths(score) <= hundredths(maximum):
        return ""
    return f"{points(score)} is above the column's maximum of {points(maximum)}"


def broken(grade: Grade) -> str:
    """What the grader itself failed at, in words; empty for nothing."""
    checks = [check.id for check in grade.report.checks if check.verdict is Verdict.BROKEN] if grade.report else []
    return f"the grader itself failed at {', '.join(checks)}" if checks else ""


def choose(wanted: str, columns: Sequence[Column], what: str) -> Column:
    """The column that a teacher means, by id or title; raises UsageError with all there are."""
    there = ", ".join(f"`{column}`" for column in columns) or "none for grades"
    if not wanted:
        if len(columns) == 1:
            return columns[0]
        raise UsageError(f"{what}: which column gets the grades? name one by title or id; there are: {there}")
    for same in (lambda c: c.id == wanted, lambda c: wanted in (c.title, str(c)), lambda c: _is_near(c, wanted)):
        found = [column for column in columns if same(column)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(column.id for column in found)
            raise UsageError(f"{what}: {len(found)} columns are called `{wanted}`; name one by its id: {ids}")
    raise UsageError(f"{what}: has no column `{wanted}`; there are: {there}")


def place(header: Sequence[str], wanted: Mapping[str, str], what: str) -> dict[str, int]:
    """Where the columns stand that tell students apart: kind of key -> column; a table needs one of them."""
    found = {kind: header.index(title) for title, kind in wanted.items() if title in header}
    if not found:
        raise UsageError(f"{what}: has none of the columns {', '.join(wanted)}; give the file as the LMS made it")
    return found


def students(sheet: Sheet, keys: Mapping[str, int], what: str) -> list[Row]:
    """The students of a table with first and last names, whose rows must be as long as its header."""
    names = [sheet.header.index(title) for title in ("First Name", "Last Name") if title in sheet.header]
    rows = []
    for n in range(1, len(sheet.rows)):
        if not any_text(sheet.rows[n]):
            continue
        if len(sheet.rows[n]) != len(sheet.header):
            raise UsageError(f"{what}: row {n + 1} has not as many cells as the first; download it again")
        name = " ".join(sheet.text(n, at) for at in names)
        rows.append(Row(n, {kind: sheet.text(n, at) for kind, at in keys.items()}, name))
    return rows


def _is_near(column: Column, wanted: str) -> bool:
    return wanted.strip().casefold() in (column.title.casefold(), str(column).casefold())
