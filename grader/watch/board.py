"""What `grader watch` knows and shows, as data, and what becomes of it: pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from grader.catalog import Exercise, Task
from grader.checking.collecting import Collected
from grader.report import CheckResult, ExerciseResult, Judged, share_points
from grader.verdict import Verdict
from grader.watch.affected import Questions, affected
from grader.watch.units import Units

DONE = (Verdict.PASS, Verdict.BROKEN)


@dataclass(frozen=True)
class Record:
    """What became of a whole exercise."""

    source: bytes
    units: Units
    judged: Mapping[str, Judged]
    kept: int = 0
    """how many of the verdicts are of an earlier source, whose change did not reach them"""


@dataclass(frozen=True)
class Plan:
    """What is to be judged again."""

    wanted: frozenset[str]
    kept: Mapping[str, Judged]


def plan(record: Record | None, units: Units, checks: Iterable[Collected], questions: Questions, file: str) -> Plan:
    """What must be judged again after a change, and what stays as it was."""
    checks = list(checks)
    if record is None:
        return Plan(frozenset(collected.check.id for collected in checks), {})
    ids = {collected.body.__name__: collected.check.id for collected in checks}
    wanted = {ids[name] for name in affected(record.units, units, ids, questions)}
    for collected in checks:  # in the order in which they are judged: needs are of earlier tasks
        task = next(task for task in collected.exercise.config.tasks if task.id == collected.check.task)
        builds_on = {other for other in wanted for need in task.needs if need in (other, other.rpartition(".")[0])}
        before = record.judged.get(collected.check.id)
        if builds_on or before is None or not _may_stay(before, file):
            wanted.add(collected.check.id)
    return Plan(frozenset(wanted), {name: judged for name, judged in record.judged.items() if name not in wanted})


def _may_stay(judged: Judged, file: str) -> bool:
    """Not what was our fault or took too long, which may be better now; nor what names lines that may have moved."""
    return judged.verdict is not Verdict.BROKEN and judged.kind != "hung" and f"{file}:" not in judged.message


@dataclass(frozen=True)
class Running:
    """A run that goes on."""

    exercise: str
    total: int
    done: int = 0
    once_more: bool = False
    """whether it only makes sure that what passed bit by bit passes at once"""


@dataclass(frozen=True)
class Board:
    """All that the screen shows."""

    exercises: tuple[Exercise, ...]
    file: Mapping[str, str]
    """what each exercise's file is called here"""
    results: Mapping[str, ExerciseResult] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    """why a file cannot be graded as it is, by exercise"""
    current: str = ""
    """the task that is shown, if one is chosen already"""
    running: Running | None = None
    status: str = ""
    notes: tuple[str, ...] = ()
    """what was asked for: hints, or why something cannot be done"""
    offers: Mapping[str, str] = field(default_factory=dict)
    """what is said of the next hint where a check failed often, by task"""
    compare: Mapping[str, str] = field(default_factory=dict)
    """where the reference of each exercise is to be had, if it is"""
    question: str = ""
    view: Literal["task", "list", "all"] = "task"
    scroll: int = 0

    @property
    def tasks(self) -> list[tuple[Exercise, Task]]:
        """All of them, in the order of the lesson."""
        return [(exercise, task) for exercise in self.exercises for task in exercise.config.tasks]

    @property
    def shown(self) -> tuple[Exercise, Task]:
        """The task that is shown: the chosen one, or the first."""
        return next((pair for pair in self.tasks if pair[1].id == self.current), self.tasks[0])

    def is_done(self, task: Task) -> bool:
        """Whether nothing is left to do in a task."""
        verdicts = [check.verdict for check in self.checks_of(task)]
        return bool(verdicts) and all(verdict in DONE for verdict in verdicts)

    def checks_of(self, task: Task) -> list[CheckResult]:
        """What became of the checks of a task, as far as that is known."""
        result = self.results.get(task.id.rpartition(".")[0])
        return [check for check in result.checks if check.task == task.id] if result else []


def judged_as(exercise: Exercise, judged: Iterable[Judged]) -> ExerciseResult:
    """The points that follow for an exercise."""
    return share_points(exercise.name, exercise.config.title, exercise.config.tasks, judged)


def first_open(board: Board, exercise: str = "") -> str:
    """The first task that is not done, of one exercise or of all; the first one if all are."""
    tasks = [task for one, task in board.tasks if not exercise or one.name == exercise]
    return next((task.id for task in tasks if not board.is_done(task)), tasks[0].id)


def with_next(board: Board) -> Board:
    """The next task that is not done, after the current one and from the beginning again."""
    tasks = [task for _, task in board.tasks]
    place = tasks.index(board.shown[1])
    following = [*tasks[place + 1 :], *tasks[:place]]
    chosen = next((task.id for task in following if not board.is_done(task)), board.shown[1].id)
    note = () if chosen != board.shown[1].id else ("There is no other task to do.",)
    return replace(board, current=chosen, view="task", notes=note, scroll=0)


def lost(before: ExerciseResult | None, now: ExerciseResult) -> list[str]:
    """The tasks that passed and do not any more."""
    if before is None:
        return []
    full = {task.id for task in before.tasks if task.score == task.max_score > 0}
    return [task.id for task in now.tasks if task.id in full and task.score < task.max_score]
