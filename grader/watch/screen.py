"""The screen of `grader watch` as lines of text, from the board and the size of the terminal. Computes no verdicts."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import click

from grader.catalog import Exercise, Task
from grader.checking.finding import clean
from grader.report import CheckResult, Report, assemble
from grader.verdict import Verdict
from grader.watch.board import Board, with_next
from grader.writers import terminal
from grader.writers.standing import taught

CODE = re.compile(r"(\x1b\[[0-9;]*m)")
GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
FIRST = (Verdict.FAIL, Verdict.BROKEN, Verdict.TODO, Verdict.SKIPPED)
"""What of a task is shown first."""
LEAST_BODY = 4
"""Lines without which a terminal is too small for what stands above them."""
TASK_KEYS = "h hint  n next task  a all  l list  o open  r reset  q quit"
OTHER_KEYS = "n back to the task  a all  l list  q quit"
QUESTION_KEYS = "y yes  any other key: no"


@dataclass(frozen=True)
class Size:
    """Of a terminal, in characters."""

    columns: int
    lines: int


def render(board: Board, size: Size, commands: terminal.Commands) -> tuple[list[str], int]:
    """The lines of the screen, as many as the terminal has or fewer, and how far it is scrolled at most."""
    columns = max(20, size.columns - 1)  # the last column belongs to the terminal, which may wrap there
    foot = [board.question, QUESTION_KEYS] if board.question else [TASK_KEYS if board.view == "task" else OTHER_KEYS]
    head, foot = _folded([*_head(board)], columns), ["", *_folded(foot, columns)]
    if len(head) + len(foot) + LEAST_BODY > size.lines:  # that a run goes on must be seen, or its verdicts are old
        head = _folded([_doing(board)], columns) if board.running and size.lines > LEAST_BODY + len(foot) else []
    body = _folded(_body(board, commands), columns)
    room = max(1, size.lines - len(head) - len(foot))
    if len(body) <= room:
        return [*head, *body, *foot], 0
    room = max(1, room - 1)  # a line says that there is more
    most = len(body) - room
    start = min(board.scroll, most)
    more = [f"{start} above" if start else "", f"{most - start} below" if most > start else ""]
    where = f"-- more lines: {', '.join(filter(None, more))}; arrow keys --"
    return [*head, *body[start : start + room], where[:columns], *foot][-size.lines :], most


def _head(board: Board) -> Iterator[str]:
    exercise, _ = board.shown
    result = board.results.get(exercise.name)
    title = click.style(f"{exercise.name}  {exercise.config.title}", bold=True)
    yield terminal.row(title, result.score if result else 0.0, result.max_score if result else exercise.max_score)
    yield _doing(board)
    yield ""


def _doing(board: Board) -> str:
    running = board.running
    if running:
        doing = "all pass; checking all of them at once" if running.once_more else "checking"
        return f"{running.exercise}: {doing}, {running.done} of {running.total} done"
    return "Waiting for the next save." if board.shown[0].name in board.problems else board.status


def _body(board: Board, commands: terminal.Commands) -> list[str]:
    notes = [line for note in board.notes for line in (*terminal.wrap(note), "")]
    if board.view == "list":
        return notes + _list(board)
    exercise, task = board.shown
    if exercise.name in board.problems:
        return [*notes, *board.problems[exercise.name].split("\n")]
    if board.view == "all" and exercise.name in board.results:
        return notes + terminal.render(_report(board, exercise), commands).rstrip("\n").split("\n")
    return notes + _task(board, exercise, task)


def _report(board: Board, exercise: Exercise) -> Report:
    return assemble([board.results[exercise.name]], 0, "", full=False)


def _task(board: Board, exercise: Exercise, task: Task) -> list[str]:
    checks = board.checks_of(task)
    score, most = sum(check.score for check in checks), sum(check.max_score for check in checks)
    lines = [terminal.row(f"  {task.id} {task.title}", score, most if checks else task.points), ""]
    if not checks:
        return [*lines, "    Being checked for the first time, which takes some seconds."]
    shown = min(checks, key=_urgency)
    if shown.verdict is Verdict.PASS:
        return [*lines, *_passed(board, exercise, task, checks)]
    verdicts = {check.verdict for check in checks}
    if verdicts <= {Verdict.TODO, Verdict.SKIPPED} and Verdict.TODO in verdicts:
        sign = terminal.styled(Verdict.TODO, terminal.SIGNS[Verdict.TODO])
        words = f"not started: look for TODO({task.id}) in {board.file[exercise.name]}"
        about = f"about {task.minutes} minutes, in small steps; the docstring says what it must do"
        return [*lines, *terminal.wrap(words, f"    {sign}  ", " " * 7), *terminal.wrap(about, " " * 7, " " * 7)]
    lines += terminal.check_lines(shown, set())
    passed = sum(check.verdict is Verdict.PASS for check in checks)
    others = len(checks) - passed - 1
    rest = [f"{passed} of {len(checks)} checks pass"]
    rest += [f"{others} more {'does' if others == 1 else 'do'} not: `a` shows all"] if others else []
    offer = board.offers.get(task.id, "")
    return [
        *lines, *([] if lines[-1] == "" else [""]), f"    {', '.join(rest)}.",
        *(terminal.wrap(f"{offer}.", "    ") if offer else []),
    ]  # fmt: skip


def _urgency(check: CheckResult) -> int:
    return FIRST.index(check.verdict) if check.verdict in FIRST else len(FIRST)


def _passed(board: Board, exercise: Exercise, task: Task, checks: list[CheckResult]) -> list[str]:
    lines = [terminal.styled(Verdict.PASS, f"    {terminal.SIGNS[Verdict.PASS]}  all {len(checks)} checks pass"), ""]
    following = with_next(board).shown[1]
    if following is not task:
        lines += [*terminal.wrap(f"`n` goes on with {following.id} {following.title}.", "    "), ""]
    if board.running or not all(board.is_done(other) for other in exercise.config.tasks):
        return lines[:-1]
    words = "All public checks pass. Hidden checks try other inputs: this is not yet a grade."
    lesson = list(taught(exercise, board.compare.get(exercise.name, "")))
    return [*lines, *terminal.wrap(words, "    "), *(["", *lesson] if lesson else [])]


def _list(board: Board) -> list[str]:
    lines: list[str] = []
    for exercise in board.exercises:
        result = board.results.get(exercise.name)
        score = result.score if result else 0.0
        lines += [terminal.row(f"{exercise.name}  {exercise.config.title}", score, exercise.max_score)]
        for task in exercise.config.tasks:
            checks = board.checks_of(task)
            verdict = min(checks, key=_urgency).verdict if checks else Verdict.TODO
            sign = terminal.styled(verdict, terminal.SIGNS[verdict])
            here = ">" if task.id == board.shown[1].id else " "
            points = sum(check.score for check in checks)
            lines += [terminal.row(f" {here} {sign} {task.id} {task.title}", points, task.points)]
        lines += [""]
    return lines[:-1]


def _folded(lines: list[str], columns: int) -> list[str]:
    """The lines, broken where they are too long; colours do not count, and go on over a break."""
    return [part for line in lines for part in _fold(line, columns)]


def _fold(line: str, columns: int) -> Iterator[str]:
    if len(click.unstyle(line)) > columns:
        line = GAP.sub("  ", line)  # between a title and its points
    if len(click.unstyle(line)) <= columns:
        yield line
        return
    if not CODE.search(line):
        indent = line[: len(line) - len(line.lstrip())][: columns // 2]
        yield from textwrap.wrap(line, columns, subsequent_indent=indent, break_on_hyphens=False)
        return
    part, width = "", 0
    for piece in CODE.split(line):
        if CODE.fullmatch(piece):
            part += piece
            continue
        while width + len(piece) > columns:
            yield part + piece[: columns - width]
            part, piece, width = "", piece[columns - width :], 0
        part, width = part + piece, width + len(piece)
    yield part


def syntax_words(error: Exception, file: str) -> str:
    """Why Python does not read a file: the line, where in it, and what Python says."""
    if not isinstance(error, SyntaxError):
        return f"    x  {file} is nothing that Python reads: {clean(str(error))}"
    lines = [f"    x  {file}, line {error.lineno}: {clean(error.msg)}"]
    text = clean((error.text or "").expandtabs(1).rstrip("\n"))
    if text.strip():
        indent = len(text) - len(text.lstrip())
        place = max(0, (error.offset or 1) - 1 - indent)
        lines += ["", f"         {text.strip()}", f"         {' ' * place}^"]
    return "\n".join([*lines, "", "    Nothing is checked until it can be read; what was known before stays."])
