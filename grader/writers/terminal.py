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
BONUS = "bonus, on a GPU"
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
    """the line that offers a task's next hint"""
    file: Callable[[str], str]
    predict: Callable[[str], str] = lambda _task: ""
    """the line that offers questions before a task is begun; empty for none"""


def render(report: Report, commands: Commands) -> str:
    """The whole report; colour codes are left to the caller's terminal to strip."""
    blocks = [_exercise(exercise) for exercise in report.exercises]
    return "\n\n".join([*blocks, _summary(report, commands)]) + "\n"


def render_task(task: TaskResult, checks: list[CheckResult]) -> str:
    """One task of a report by itself, without colour."""
    return click.unstyle("\n".join(_task(task, checks, set()))).rstrip()


def _exercise(exercise: ExerciseResult) -> str:
    lines = [row(click.style(f"{exercise.name}  {exercise.title}", bold=True), exercise.score, exercise.max_score)]
    told: set[str] = set()
    for task in exercise.tasks:
        checks = [check for check in exercise.checks if check.task == task.id]
        if lines[-1]:  # a failed check has a blank line below it
            lines.append("")
        lines += _task(task, checks, told)
    if exercise.bonus_checks:
        lines += [""] if lines[-1] else []
        lines += _bonus(exercise, told)
    return "\n".join(lines).rstrip("\n")


def _bonus(exercise: ExerciseResult, told: set[str]) -> list[str]:
    """Checks on a GPU: below the tasks, because no task's points hang on them."""
    lines = [row(f"  {BONUS}", exercise.bonus, exercise.max_bonus)]
    reasons = {check.message if check.verdict is Verdict.SKIPPED else "" for check in exercise.bonus_checks}
    if len(reasons) == 1 and reasons != {""}:
        return lines + wrap(f"{SIGNS[Verdict.SKIPPED]}  skipped: {reasons.pop()}", " " * 4, INDENT)
    for check in exercise.bonus_checks:
        lines += check_lines(check, told)
    return lines


def _task(task: TaskResult, checks: list[CheckResult], told: set[str]) -> list[str]:
    head = row(f"  {task.id} {task.title}", task.score, task.max_score)
    verdicts = {check.verdict for check in checks}
    if verdicts == {Verdict.SKIPPED}:
        return [head, styled(Verdict.SKIPPED, f"    {SIGNS[Verdict.SKIPPED]}  skipped: {checks[0].message}")]
    if verdicts <= {Verdict.TODO, Verdict.SKIPPED}:
        return [head, styled(Verdict.TODO, f"    {SIGNS[Verdict.TODO]}  not started (about {task.minutes} minutes)")]
    lines = [head]
    for check in checks:
        lines += check_lines(check, told)
    return lines


def check_lines(check: CheckResult, told: set[str]) -> list[str]:
    """What is said of one check; a message in `told` is not said again."""
    title = f"hidden: {check.title}" if check.hidden else check.title
    if check.verdict in (Verdict.TODO, Verdict.SKIPPED, Verdict.BROKEN):
        title = f"{check.verdict}: {title}"
    first, *more = textwrap.wrap(title, 58)
    sign = styled(check.verdict, SIGNS[check.verdict])
    lines = [row(f"    {sign}  {first}", check.score, check.max_score), *(f"       {line}" for line in more)]
    if check.verdict in (Verdict.PASS, Verdict.TODO):
        return lines
    if check.message in told:
        return [*lines, "       as above"]
    if check.verdict is not Verdict.SKIPPED:
        told.add(check.message)
    lines += [wrapped for line in check.message.split("\n") for wrapped in _message_line(line)]
    if check.verdict is Verdict.FAIL:
        lines += wrap(f"hint      {check.hint}", INDENT, INDENT + LABEL)
        lines.append("")
    return lines


def _message_line(line: str) -> list[str]:
    """Lines that fit stay as they are: matrices are laid out in rows."""
    return [INDENT + line] if len(INDENT + line) <= WIDTH else wrap(line, INDENT, INDENT + LABEL)


def _summary(report: Report, commands: Commands) -> str:
    lines = [row(click.style("total", bold=True), report.score, report.max_score), *_total_bonus(report), ""]
    verdicts = {check.verdict for check in report.checks}
    unfinished = [
        (exercise, task)
        for exercise in report.exercises
        for task in exercise.tasks
        if any(check.task == task.id and check.verdict not in DONE for check in exercise.checks)
    ]
    if Verdict.BROKEN in verdicts:
        lines += wrap("The grader itself failed at the checks marked `!`. They cost no points; please report them.")
    if not unfinished and Verdict.BROKEN in verdicts:
        lines += wrap("All other checks pass.")
        return "\n".join(lines)
    if not unfinished:
        lines += wrap(
            "All checks pass, the hidden ones too."
            if report.full
            else "All public checks pass. Hidden checks try other inputs: this is not yet a grade."
        )
        return "\n".join(lines)
    exercise, task = unfinished[0]
    file, again = commands.file(exercise.name), commands.check(exercise.name)
    mine = {check.verdict for check in report.checks if check.task == task.id}
    question = commands.predict(task.id) if mine <= {Verdict.TODO} else ""
    if verdicts <= {Verdict.TODO, Verdict.SKIPPED}:
        lines += wrap(f"Start with {task.id} {task.title}: about {task.minutes} minutes, in small steps.")
        steps = {"open": f"{file} and look for TODO({task.id})"}
    else:
        lines += wrap(f"Go on with {task.id} {task.title}.")
        steps = {"edit": file}
    steps = {"predict": question} | steps | {"then run": again, "stuck?": commands.hint(task.id)}
    for name, step in steps.items():
        lines += wrap(f"  {name:<10}{step}", rest=" " * 12) if step else []
    return "\n".join(lines)


def _total_bonus(report: Report) -> list[str]:
    """What was earned on a GPU, and on which; nothing where nobody asked."""
    if not any(exercise.bonus_checks for exercise in report.exercises):
        return []
    lines = [row(BONUS, report.bonus, report.max_bonus)]
    if gpu := report.gpu:
        what = f"{gpu.device}, driver {gpu.driver}, torch {gpu.torch}, CUDA {gpu.cuda}, clocks {gpu.clocks}"
        lines += wrap(f"measured on {what}", "  ")
    return lines


def bonus_words(report: Report) -> str:
    """What was earned on a GPU, for forms that have no column for it; empty where nobody asked."""
    if not any(exercise.bonus_checks for exercise in report.exercises):
        return ""
    return f"Bonus, on a GPU and no part of the score: {points(report.bonus)} of {points(report.max_bonus)} points"


def row(left: str, score: float, max_score: float) -> str:
    """A line that ends with points."""
    right = f"{points(score)} of {points(max_score)}"
    return left + " " * max(1, WIDTH - len(click.unstyle(left)) - len(right)) + right


def points(value: float) -> str:
    """Points with at most two decimals, cut and never rounded up: 11.999 must not read as 12."""
    return f"{hundredths(value) / 100:g}"


def hundredths(value: float) -> int:
    """Points as whole hundredths, cut: what a float lacks of one is forgiven, and nothing more."""
    return math.floor(value * 100 + 1e-6)


def wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most WIDTH characters, the first and the others with these indentations."""
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


def styled(verdict: Verdict, text: str) -> str:
    """Text in the colour of a verdict."""
    return click.style(text, fg=COLORS[verdict])
