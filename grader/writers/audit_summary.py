"""An audit as an author reads it in a terminal of 80 columns: the kill matrix first, what to fix last."""

import textwrap
from collections.abc import Iterator
from itertools import groupby

import click

from grader.audited import Answered, Audit, ExerciseAudit

WIDTH = 79
MOST_CELLS = 48
MOST_FLAWS = 40
CAUGHT, PASSED, UNNAMED, MISSED = "x", ".", "!", "?"


def render(audit: Audit) -> str:
    """Every exercise; colour codes are left to the caller's terminal to strip."""
    return "\n\n".join("\n".join(_exercise(exercise, audit)) for exercise in audit.exercises) + "\n"


def _exercise(exercise: ExerciseAudit, audit: Audit) -> Iterator[str]:
    yield click.style(f"{exercise.name}  {exercise.title}", bold=True)
    yield ""
    yield from _matrix(exercise)
    yield ""
    yield from _checks(exercise)
    yield ""
    yield from _counts(exercise, audit)
    for mutant in exercise.unexplained:
        yield ""
        yield f"  survivor {mutant.digest}: {mutant.change}, line {mutant.line}, {mutant.function}"
        yield from (f"    {line}"[:WIDTH] for line in mutant.diff.splitlines())
    yield ""
    yield from _fixes(exercise)


def _matrix(exercise: ExerciseAudit) -> Iterator[str]:
    """A row per wrong answer, a column per check; blocks of checks that fit the width, one below the other."""
    yield f"  wrong answer x check: {CAUGHT} caught, {PASSED} passed, {UNNAMED} caught but not named, {MISSED} missed"
    tasks = [(task, [check.id for check in checks]) for task, checks in groupby(exercise.checks, _group)]
    blocks: list[list[tuple[str, list[str]]]] = [[]]
    for task, ids in tasks:
        if sum(len(more) + 1 for _, more in blocks[-1]) + len(ids) > MOST_CELLS:
            blocks.append([])
        blocks[-1].append((task, ids))
    for block in blocks:
        yield ""
        yield f"  {'':<28} " + " ".join(task.ljust(len(ids))[: len(ids)] for task, ids in block)
        for answer in exercise.wrong:
            if len(blocks) > 1 and not {*answer.failed, *answer.expected} & {one for _, ids in block for one in ids}:
                continue
            cells = " ".join("".join(cell(answer, check) for check in ids) for _, ids in block)
            yield f"  {answer.name[:28]:<28} {cells}"


def _group(check: object) -> str:
    task = str(getattr(check, "id", "")).split(".")[1]
    return f"{task}h" if getattr(check, "hidden", False) else task


def cell(answer: Answered, check: str) -> str:
    """The sign for what a check makes of a wrong answer."""
    if check in answer.failed:
        return CAUGHT if check in answer.expected else UNNAMED
    return MISSED if check in answer.expected else PASSED


def _checks(exercise: ExerciseAudit) -> Iterator[str]:
    yield f"  {'check':<42} {'answers':>8} {'mutants':>8} {'ms':>6} {'share':>6}"
    for check in exercise.checks:
        answers, mutants = exercise.caught(check.id)
        name = f"{check.id} (hidden)" if check.hidden else check.id
        yield f"  {name[:42]:<42} {answers:>8} {mutants:>8} {1000 * check.median_s:>6.0f} {check.share:>6.0%}"


def _counts(exercise: ExerciseAudit, audit: Audit) -> Iterator[str]:
    seeds = f"{len(audit.seeds)} seed{'s' if len(audit.seeds) != 1 else ''}"
    yield f"  {len(exercise.wrong)} wrong answers, {len(exercise.accepted) // len(audit.seeds)} accepted, {seeds}"
    if audit.mutants:
        survivors, unexplained = len(exercise.survivors), len(exercise.unexplained)
        yield f"  {len(exercise.mutants)} mutants: {survivors} survive, {unexplained} of them without a reason"
    yield f"  longest answer {exercise.longest_answer_s:.1f} s of {exercise.total_limit_s:g} s"


def _fixes(exercise: ExerciseAudit) -> Iterator[str]:
    flaws = exercise.flaws
    if not flaws:
        yield "  Nothing to fix."
        return
    yield click.style(f"  {len(flaws)} to fix, the worst first", bold=True)
    for flaw in flaws[:MOST_FLAWS]:
        yield from textwrap.wrap(f"{flaw.kind}: {flaw.what}", WIDTH, initial_indent="  ", subsequent_indent="      ")
        yield from textwrap.wrap(flaw.advice, WIDTH, initial_indent="      ", subsequent_indent="      ")
    if len(flaws) > MOST_FLAWS:
        yield f"  and {len(flaws) - MOST_FLAWS} more, in the report"
