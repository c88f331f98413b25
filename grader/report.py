"""The result of grading one submission: pure data, versioned. Every face of it is a function of a Report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from grader.verdict import Verdict

REPORT_VERSION = 1


class Task(Protocol):
    """What a report needs to know of a task."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def points(self) -> int: ...


@dataclass(frozen=True)
class Judged:
    """What became of one check, before points are shared out. `weight` is its share of its task."""

    id: str
    task: str
    title: str
    weight: Fraction
    hidden: bool
    verdict: Verdict
    message: str
    hint: str
    duration_s: float
    kind: str = ""
    misconception: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of a report; scores in points."""

    id: str
    task: str
    title: str
    verdict: Verdict
    score: float
    max_score: float
    hidden: bool
    message: str
    hint: str
    duration_s: float
    kind: str = ""
    """of what kind a failure is, in a word: `value`, `shape`, `hung`, `forbidden`, ...; empty where nothing failed"""
    misconception: str = ""
    """the known mistake that answers the same, for instructors: of a hidden check, no student may read it"""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task of a report; `score` and `max_score` are the sums over its checks."""

    id: str
    title: str
    minutes: int
    score: float
    max_score: float


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of a report."""

    name: str
    title: str
    score: float
    max_score: float
    tasks: tuple[TaskResult, ...]
    checks: tuple[CheckResult, ...]
    bonus: float = 0.0
    """points of checks on a GPU, which are no part of `score`"""
    max_bonus: float = 0.0
    bonus_checks: tuple[CheckResult, ...] = ()
    """those checks, which are no part of `checks`"""


@dataclass(frozen=True)
class GpuFacts:
    """On what checks on a GPU were measured."""

    device: str
    driver: str
    torch: str
    cuda: str
    clocks: str
    """as they were found; nothing sets them"""


@dataclass(frozen=True)
class Report:
    """The result of grading one submission."""

    score: float
    max_score: float
    seed: int
    isolation: str
    full: bool
    exercises: tuple[ExerciseResult, ...]
    salt: str = ""
    """the fingerprint of the secret that the inputs were made with, besides the seed; empty for none"""
    bonus: float = 0.0
    max_bonus: float = 0.0
    gpu: GpuFacts | None = None

    @property
    def checks(self) -> list[CheckResult]:
        return [check for exercise in self.exercises for check in exercise.checks]


def share_points(name: str, title: str, tasks: Sequence[Task], judged: Iterable[Judged]) -> ExerciseResult:
    """The result of an exercise: each task's points, shared among its checks in proportion to their weights.

    So a task is worth the same whether or not hidden checks run. A broken check has no share: what it would have
    judged is judged by the others, and a task of which nothing could be judged is taken out of the sum.
    """
    judged = list(judged)
    checks: list[CheckResult] = []
    results: list[TaskResult] = []
    total, possible = Fraction(0), Fraction(0)
    for task in tasks:
        mine = [check for check in judged if check.task == task.id]
        weights = sum((check.weight for check in mine if check.verdict is not Verdict.BROKEN), Fraction(0))
        task_score = Fraction(0)
        for check in mine:
            share = Fraction(0) if check.verdict is Verdict.BROKEN else task.points * check.weight / weights
            score = share if check.verdict is Verdict.PASS else Fraction(0)
            task_score += score
            checks.append(
                CheckResult(
                    check.id,
                    check.task,
                    check.title,
                    check.verdict,
                    float(score),
                    float(share),
                    check.hidden,
                    check.message,
                    check.hint,
                    check.duration_s,
                    check.kind,
                    check.misconception,
                )
            )
        task_points = Fraction(task.points if weights else 0)
        results.append(TaskResult(task.id, task.title, task.minutes, float(task_score), float(task_points)))
        total, possible = total + task_score, possible + task_points
    return ExerciseResult(name, title, float(total), float(possible), tuple(results), tuple(checks))


def with_bonus(report: Report, judged: Iterable[Judged], gpu: GpuFacts | None, isolation: str) -> Report:
    """The same report with checks on a GPU beside the others, none of whose points move.

    Every such check is worth its weight in points; one that is broken is worth nothing, and costs nothing.
    """
    results = [_bonus_result(check) for check in judged]
    exercises = []
    for exercise in report.exercises:
        mine = tuple(check for check in results if check.id.split(".")[0] == exercise.name)
        bonus, most = sum(check.score for check in mine), sum(check.max_score for check in mine)
        exercises.append(replace(exercise, bonus=bonus, max_bonus=most, bonus_checks=mine))
    bonus, most = sum(check.score for check in results), sum(check.max_score for check in results)
    return replace(report, exercises=tuple(exercises), bonus=bonus, max_bonus=most, gpu=gpu, isolation=isolation)


def _bonus_result(check: Judged) -> CheckResult:
    most = 0.0 if check.verdict is Verdict.BROKEN else float(check.weight)
    return CheckResult(
        check.id,
        check.task,
        check.title,
        check.verdict,
        most if check.verdict is Verdict.PASS else 0.0,
        most,
        check.hidden,
        check.message,
        check.hint,
        check.duration_s,
        check.kind,
    )


def assemble(exercises: Sequence[ExerciseResult], seed: int, isolation: str, full: bool, salt: str = "") -> Report:
    """The report over all graded exercises."""
    score = sum(exercise.score for exercise in exercises)
    max_score = sum(exercise.max_score for exercise in exercises)
    return Report(score, max_score, seed, isolation, full, tuple(exercises), salt)
