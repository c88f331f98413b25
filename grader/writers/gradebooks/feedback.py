"""A few lines of feedback for one student, as HTML in which nothing but our own words is markup."""

from html import escape

from grader.report import Report
from grader.results import Grade
from grader.verdict import Verdict
from grader.writers import reason
from grader.writers.gradebooks.sheet import Sheet
from grader.writers.terminal import points

HEAD = "Automatic feedback"
"""Tells our own words from a teacher's, which are never replaced; and no formula begins with it."""
MARKUP = "HTML"
"""What feedback is written in, as a table may want to be told."""
NOT_YET = (Verdict.FAIL, Verdict.TODO, Verdict.SKIPPED)


def html(grade: Grade) -> str:
    """Points per task, what does not hold yet, and what the policy made of it; no student's text but names."""
    lines = [HEAD, *(_of(grade.report) if grade.report else [reason.of(grade)])]
    lines += [f"{deduction.why}: {points(deduction.score)}" for deduction in grade.deductions]
    if grade.final is not None:
        lines.append(f"Grade: {points(grade.final)} of {points(grade.max_score)}")
    return "<br>".join(escape(" ".join(line.split())) for line in lines)


def write(sheet: Sheet, row: int, column: int, grade: Grade) -> bool:
    """Put feedback into a cell, unless a teacher's own words are there."""
    before = sheet.text(row, column)
    if before and HEAD not in before:
        return False
    sheet.write(row, column, html(grade))
    return True


def _of(report: Report) -> list[str]:
    lines: list[str] = []
    for exercise in report.exercises:
        for task in exercise.tasks:
            lines.append(f"{task.id} {task.title}: {points(task.score)} of {points(task.max_score)}")
            checks = [check for check in exercise.checks if check.task == task.id]
            if checks and all(check.verdict is Verdict.TODO for check in checks):
                lines.append("- not started")
                continue
            lines += [f"- not yet: {check.title}" for check in checks if check.verdict in NOT_YET]
            lines += [f"- not judged, costs nothing: {c.title}" for c in checks if c.verdict is Verdict.BROKEN]
    return lines
