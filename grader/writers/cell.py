"""One task of a report as the output of a notebook's cell: as text for a terminal, and as HTML.

The notebook's own theme, light or dark, colours ground and text. What a submission may have said is escaped.
"""

import textwrap
from collections.abc import Sequence
from html import escape

from grader.report import CheckResult, Report, TaskResult
from grader.verdict import Verdict
from grader.writers.characters import legal
from grader.writers.terminal import INDENT, SIGNS, WIDTH, points, render_task

PASSED, FAILED, WAITING = "#2f86bd", "#c8500a", "#808080"
"""Bars that stand out on white and on black, and keep apart for colour-blind eyes; the words say the same."""
PUBLIC_ONLY = "All public checks of this task pass. Hidden checks try other inputs: this is not yet a grade."
PRE = "white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:none;border:0;margin:.3em 0;padding:0"


def text(report: Report, task_id: str, notes: Sequence[str] = ()) -> str:
    """The task as it stands in the terminal's report, and notes on what was graded."""
    task, checks = _find(report, task_id)
    lines = [render_task(task, checks)]
    for said in _said(report, checks, notes):
        lines += textwrap.wrap(said, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    return "\n".join(lines) + "\n"


def html(report: Report, task_id: str, notes: Sequence[str] = ()) -> str:
    """The same in a box."""
    task, checks = _find(report, task_id)
    verdicts = {check.verdict for check in checks}
    parts = [f"<b>{_safe(f'{task.id} {task.title}')}</b> &ensp;{points(task.score)} of {points(task.max_score)} points"]
    if verdicts == {Verdict.SKIPPED}:
        parts.append(_safe(f"skipped: {checks[0].message}"))
    elif verdicts <= {Verdict.TODO, Verdict.SKIPPED}:
        parts.append(f"not started (about {task.minutes} minutes)")
    else:
        told: set[str] = set()
        parts += [_check(check, told) for check in checks]
    parts += [f'<span style="opacity:.8">{_safe(said)}</span>' for said in _said(report, checks, notes)]
    bar = PASSED if verdicts <= {Verdict.PASS} else FAILED if verdicts & {Verdict.PASS, Verdict.FAIL} else WAITING
    inside = "".join(f'<div style="margin:.3em 0">{part}</div>' for part in parts)
    return f'<div style="border-left:4px solid {bar};padding:.1em 1em">{inside}</div>'


def plain(words: str) -> tuple[str, str]:
    """A few words as text and as HTML."""
    return f"{legal(words)}\n", f'<div style="white-space:pre-wrap">{_safe(words)}</div>'


def _find(report: Report, task_id: str) -> tuple[TaskResult, list[CheckResult]]:
    task = next(task for exercise in report.exercises for task in exercise.tasks if task.id == task_id)
    return task, [check for check in report.checks if check.task == task_id]


def _said(report: Report, checks: Sequence[CheckResult], notes: Sequence[str]) -> Sequence[str]:
    all_pass = all(check.verdict is Verdict.PASS for check in checks)
    return (PUBLIC_ONLY, *notes) if all_pass and not report.full else notes


def _check(check: CheckResult, told: set[str]) -> str:
    word = "" if check.verdict is Verdict.PASS else f"{check.verdict}: "
    title = f"hidden: {check.title}" if check.hidden else check.title
    score = f"{points(check.score)} of {points(check.max_score)}"
    head = f"<code>{SIGNS[check.verdict]}</code> {word}{_safe(title)} &ensp;{score}"
    if check.verdict in (Verdict.PASS, Verdict.TODO):
        return head
    if check.message in told:
        return f"{head}<div>as above</div>"
    if check.verdict is not Verdict.SKIPPED:
        told.add(check.message)
    hint = f"<div>hint: {_safe(check.hint)}</div>" if check.verdict is Verdict.FAIL else ""
    return f'{head}<div style="margin-left:1.6em"><pre style="{PRE}">{_safe(check.message)}</pre>{hint}</div>'


def _safe(words: str) -> str:
    return escape(legal(words))
