"""Where a student stands in each exercise, from what the last checks said: pure functions of catalog and progress."""

from collections.abc import Iterable
from dataclasses import dataclass

from grader.catalog import Exercise, Task
from grader.progress import Progress, TaskProgress
from grader.report import Report
from grader.verdict import Verdict

OFFERED_AFTER = 2
"""failures of the same check, so that nobody is told what they would have found a minute later"""


@dataclass(frozen=True)
class TaskStanding:
    """One task, and what became of it."""

    task: Task
    points: float
    done: bool


@dataclass(frozen=True)
class Standing:
    """One exercise, and what became of it."""

    exercise: Exercise
    points: float
    tasks: tuple[TaskStanding, ...]

    @property
    def done(self) -> int:
        """How many tasks are done."""
        return sum(task.done for task in self.tasks)

    @property
    def finished(self) -> bool:
        return self.done == len(self.tasks)

    @property
    def next_task(self) -> Task | None:
        """The first that is not done."""
        return next((standing.task for standing in self.tasks if not standing.done), None)


def standing_of(exercise: Exercise, progress: Progress) -> Standing:
    """What the progress says of an exercise."""
    score = progress.scores.get(exercise.name, 0.0)
    # full marks say it of a file of version 1, too, which knows of no tasks
    none = TaskProgress(0.0, done=score >= exercise.max_score)
    found = [(task, progress.tasks.get(task.id, none)) for task in exercise.config.tasks]
    return Standing(exercise, score, tuple(TaskStanding(task, kept.points, kept.done) for task, kept in found))


def finished(exercises: Iterable[Exercise], progress: Progress) -> set[str]:
    """The names of those of which every task is done."""
    return {exercise.name for exercise in exercises if standing_of(exercise, progress).finished}


def hint_offer(task: Task, progress: Progress, report: Report, command: str) -> str:
    """What is said of the hint that a command or a key gives, where a check of the task keeps failing; else nothing."""
    failing = [check.id for check in report.checks if check.task == task.id and check.verdict is Verdict.FAIL]
    times = max((progress.failures.get(check, 0) for check in failing), default=0)
    if times < OFFERED_AFTER:
        return ""
    seen = progress.hints.get(task.id, 0)
    what = f"has hint {seen + 1} of {len(task.hints)}" if seen < len(task.hints) else "says again what to read"
    return f"failed {'twice' if times == 2 else f'{times} times'}: `{command}` {what}"
