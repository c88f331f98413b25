"""Where a student stands, as text of 80 columns: every bar has its numbers beside it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.catalog import Exercise, Task
from grader.standing import Standing
from grader.writers.terminal import hundredths, points, wrap

BAR = 30
DONE, OPEN = "+", "."


@dataclass(frozen=True)
class Bars:
    """The characters that a bar is made of: what is done and what is not."""

    done: str
    left: str


BLOCKS, ASCII = Bars("█", "░"), Bars("#", "-")


def bars_for(encoding: str | None) -> Bars:
    """Blocks where they can be written, and plain characters elsewhere."""
    try:
        (BLOCKS.done + BLOCKS.left).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def overview(standings: Sequence[Standing], bars: Bars) -> str:
    """Each exercise with its bar, its numbers and its next task."""
    blocks = [[*_head(standing, bars), _next(standing)] for standing in standings]
    if len(standings) > 1:
        done, tasks = (sum(sizes) for sizes in zip(*((s.done, len(s.tasks)) for s in standings), strict=True))
        have = sum(standing.points for standing in standings)
        blocks.append(["total", _bar(done, tasks, have, sum(s.exercise.max_score for s in standings), bars)])
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def details(standing: Standing, bars: Bars, compare: str) -> str:
    """One exercise, task by task, and once it is finished what it taught."""
    lines = _head(standing, bars)
    for task in standing.tasks:
        title = f"  {DONE if task.done else OPEN}  {task.task.id} {task.task.title}"
        minutes = "" if task.done else f"  about {task.task.minutes} minutes"
        lines.append(f"{title:<46}{points(task.points):>5} of {task.task.points:>2}{minutes}")
    lines += ["", *taught(standing.exercise, compare)] if standing.finished else []
    return "\n".join(lines).rstrip("\n") + "\n"


def taught(exercise: Exercise, compare: str) -> Iterator[str]:
    """What was learned, and where to compare with the reference, if that is to be had."""
    if exercise.config.learned:
        yield from wrap(f"  learned   {exercise.config.learned.strip()}", rest=" " * 12)
    if compare:
        yield from wrap(f"  compare   your solution with the reference: {compare}", rest=" " * 12)


def finished(exercises: Sequence[Exercise], compare: Callable[[Exercise], str]) -> str:
    """For exercises of which all tasks are done now; empty for none."""
    blocks = [[f"You have finished {exercise.name}.", *taught(exercise, compare(exercise))] for exercise in exercises]
    return "".join("\n" + "\n".join(lines) + "\n" for lines in blocks)


def _head(standing: Standing, bars: Bars) -> list[str]:
    exercise = standing.exercise
    bar = _bar(standing.done, len(standing.tasks), standing.points, exercise.max_score, bars)
    return [f"{exercise.name}  {exercise.config.title}", bar]


def _bar(done: int, tasks: int, have: float, possible: int, bars: Bars) -> str:
    """As long as the share of the points, cut: it is full when nothing is missing."""
    length = min(BAR, BAR * hundredths(have) // hundredths(possible))
    drawn = bars.done * length + bars.left * (BAR - length)
    return f"  {drawn}  {done} of {tasks} tasks, {points(have)} of {possible} points"


def _next(standing: Standing) -> str:
    task: Task | None = standing.next_task
    return f"  next: {task.id} {task.title}, about {task.minutes} minutes" if task else "  done"
