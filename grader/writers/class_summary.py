"""A graded class as its instructor reads it in a terminal of 80 columns, when a batch is through."""

import statistics
import textwrap
from collections import Counter
from collections.abc import Iterator

from grader.report import CheckResult
from grader.results import Grade, Results
from grader.verdict import Verdict, cause
from grader.writers.terminal import WIDTH, points

LOOK_SHOWN = 10
CHECKS_SHOWN = 5
MISSING_LINES = 4
HEAD = 31
"""Columns for whom or what a line is about; a longer name pushes only its own line."""
LOOKS = {
    "hung": "hit a time limit",
    "limit": "hit a limit",
    "died": "ended its process",
    "forbidden": "imports what is forbidden",
}
"""What a kind of failure says of a student whose work deserves a look."""


def render(results: Results, *, judged: int) -> str:
    """`judged` files were judged in this run."""
    grades = results.grades
    lines = [f"{_count(len(grades), 'student')} graded, {_count(judged, 'file')} judged in this run"]
    owed = sum(grade.final is None for grade in grades)
    zeros = sum(grade.final is not None and grade.report is None for grade in grades)
    if zeros:
        lines.append(f"of {_count(zeros, 'student')} nothing could be graded, which is 0 points; see below")
    if owed:
        lines.append(
            f"{_count(owed, 'student')} {'has' if owed == 1 else 'have'} no grade, by our own fault; see below"
        )
    if results.missing:
        names = ", ".join(student.name or student.key for student in results.missing)
        lines += textwrap.wrap(
            f"{len(results.missing)} of the roster handed in nothing: {names}",
            WIDTH,
            max_lines=MISSING_LINES,
            subsequent_indent="  ",
            placeholder=" ... (grades.csv has all)",
        )
    finals = [grade.final for grade in grades if grade.final is not None]
    if finals:
        most = points(max(grade.max_score for grade in grades))
        lines.append(f"median {points(statistics.median(finals))}, mean {points(statistics.fmean(finals))} of {most}")
    failing = Counter(check.id for grade in grades for check in _checks(grade) if check.verdict is Verdict.FAIL)
    if failing:
        titles = {check.id: check.title for grade in grades for check in _checks(grade)}
        lines += ["", "Most often failed:"]
        for check_id, count in failing.most_common(CHECKS_SHOWN):
            lines += _entry(f"  {count:>4}  {check_id:<22} ", titles[check_id])
    looks = [(grade.student.key, why) for grade in grades if (why := look(grade))]
    if looks:
        lines += ["", "Who needs a look:"]
        for key, why in looks[:LOOK_SHOWN]:
            lines += _entry(f"  {key:<22} ", why)
        lines += [f"  and {len(looks) - LOOK_SHOWN} more"] * (len(looks) > LOOK_SHOWN)
    return "\n".join(lines)


def look(grade: Grade) -> str:
    """Why an instructor should look at a student's work; empty for no reason."""
    if grade.problem:
        return grade.problem
    if grade.final is None:
        return "could not be judged to the end, which is our fault: no grade; run the batch again"
    return ", ".join(_reasons(grade))


def _reasons(grade: Grade) -> Iterator[str]:
    for kind, words in LOOKS.items():
        ids = [check.id for check in _checks(grade) if cause(check.kind) == kind]
        if ids:
            yield f"{words} ({ids[0]}{f' and {len(ids) - 1} more' if len(ids) > 1 else ''})"


def _entry(head: str, text: str) -> list[str]:
    """A line of a list with what it says beside its head, whole: the reason often stands at the end."""
    rest = " " * min(len(head), HEAD)
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )


def _checks(grade: Grade) -> list[CheckResult]:
    return grade.report.checks if grade.report else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
