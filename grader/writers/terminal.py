"""The report as a learner reads it in a terminal of 80 columns, with or without colour.

Every verdict is a sign and a word; colour only repeats them.
"""

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import click

from grader.report import CheckResult, ExerciseResult, Report, TaskResult
from grader.verdict import Verdict

WIDTH = 79
INDENT = " " * 7
LABEL = " " * 10
SIGNS = {Verdict.PASS: "+", Verdict.FAIL: "x", Verdict.TODO: ".", Verdict.SKIPPED: "-", Verdict.BROKEN: "!"}
DONE = (Verdict.PASS, Verdict.BROKEN)
"""What leaves a reader nothing to do."""
COLORS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.TODO: "cyan",
    Verdict.SKIPPED: "yellow",
    Verdict.BROKEN: "magenta",
}


@dataclass(frozen=True)
class Commands:
    """How this reader runs the grader, and which file of an exercise they edit."""

    check: Callable[[str], str]
    hint: Callable[[str], str]
    file: Callable[[str], str]


def render(report: Report, commands: Commands) -> str:
    """The whole report; colour codes are left to the caller's terminal to strip."""
    blocks = [_exercise(exercise) for exercise in report.exercises]
    return "\n\n".join([*blocks, _summary(report, commands)]) + "\n"


def render_task(task: TaskResult, checks: list[CheckResult]) -> str:
    """One task of a report by itself, without colour."""
    return click.unstyle("\n".join(_task(task, checks, set()))).rstrip()


def _exercise(exercise: ExerciseResult) -> str:
    lines = [_row(click.style(f"{exercise.name}  {exercise.title}", bold=True), exercise.score, exercise.max_score)]
    told: set[str] = set()
    for task in exercise.tasks:
        checks = [check for check in exercise.checks if check.task == task.id]
        if lines[-1]:  # a failed check has a blank line below it
            lines.append("")
        lines += _task(task, checks, told)
    return "\n".join(lines).rstrip("\n")


def _task(task: TaskResult, checks: list[CheckResult], told: set[str]) -> list[str]:
    head = _row(f"  {task.id} {task.title}", task.score, task.max_score)
    verdicts = {check.verdict for check in checks}
    if verdicts == {Verdict.SKIPPED}:
        return [head, _styled(Verdict.SKIPPED, f"    {SIGNS[Verdict.SKIPPED]}  skipped: {checks[0].message}")]
    if verdicts <= {Verdict.TODO, Verdict.SKIPPED}:
        return [head, _styled(Verdict.TODO, f"    {SIGNS[Verdict.TODO]}  not started (about {task.minutes} minutes)")]
    lines = [head]
    for check in checks:
        lines += _check(check, told)
    return lines


def _check(check: CheckResult, told: set[str]) -> list[str]:
    title = f"hidden: {check.title}" if check.hidden else check.title
    if check.verdict in (Verdict.TODO, Verdict.SKIPPED, Verdict.BROKEN):
        title = f"{check.verdict}: {title}"
    first, *more = textwrap.wrap(title, 58)
    sign = _styled(check.verdict, SIGNS[check.verdict])
    lines = [_row(f"    {sign}  {first}", check.score, check.max_score), *(f"       {line}" for line in more)]
    if check.verdict in (Verdict.PASS, Verdict.TODO):
        return lines
    if check.message in told:
        return [*lines, "       as above"]
    if check.verdict is not Verdict.SKIPPED:
        told.add(check.message)
    lines += [wrapped for line in check.message.split("\n") for wrapped in _message_line(line)]
    if check.verdict is Verdict.FAIL:
        lines += _wrap(f"hint      {check.hint}", INDENT, INDENT + LABEL)
        lines.append("")
    return lines


def _message_line(line: str) -> list[str]:
    """Lines that fit stay as they are: matrices are laid out in rows."""
    return [INDENT + line] if len(INDENT + line) <= WIDTH else _wrap(line, INDENT, INDENT + LABEL)


def _summary(report: Report, commands: Commands) -> str:
    lines = [_row(click.style("total", bold=True), report.score, report.max_score), ""]
    verdicts = {check.verdict for check in report.checks}
    unfinished = [
        (exercise, task)
        for exercise in report.exercises
        for task in exercise.tasks
        if any(check.task == task.id and check.verdict not in DONE for check in exercise.checks)
    ]
    if Verdict.BROKEN in verdicts:
        lines += _wrap("The grader itself failed at the checks marked `!`. They cost no points; please report them.")
    if not unfinished and Verdict.BROKEN in verdicts:
        lines += _wrap("All other checks pass.")
        return "\n".join(lines)
    if not unfinished:
        lines += _wrap(
            "All checks pass, the hidden ones too."
            if report.full
            else "All public checks pass. Hidden checks try other inputs: this is not yet a grade."
        )
        return "\n".join(lines)
    exercise, task = unfinished[0]
    file, again = commands.file(exercise.name), commands.check(exercise.name)
    if verdicts <= {Verdict.TODO, Verdict.SKIPPED}:
        lines += _wrap(f"Start with {task.id} {task.title}: about {task.minutes} minutes, in small steps.")
        lines += _wrap(f"  open      {file} and look for TODO({task.id})", rest=" " * 12)
    else:
        lines += _wrap(f"Go on with {task.id} {task.title}.")
        lines += _wrap(f"  edit      {file}", rest=" " * 12)
    lines += _wrap(f"  then run  {again}", rest=" " * 12)
    lines += _wrap(f"  stuck?    {commands.hint(task.id)}", rest=" " * 12)
    return "\n".join(lines)


def _row(left: str, score: float, max_score: float) -> str:
    right = f"{points(score)} of {points(max_score)}"
    return left + " " * max(1, WIDTH - len(click.unstyle(left)) - len(right)) + right


def points(value: float) -> str:
    """Points with at most two decimals, cut and never rounded up: 11.999 must not read as 12."""
    return f"{hundredths(value) / 100:g}"


def hundredths(value: float) -> int:
    """Points as whole hundredths, cut: what a float lacks of one is forgiven, and nothing more."""
    return math.floor(value * 100 + 1e-6)


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest or first,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )
    return lines or [""]


def _styled(verdict: Verdict, text: str) -> str:
    return click.style(text, fg=COLORS[verdict])
