"""What a student's page shows. It knows this student's grade only, and leaves out what is meant for instructors."""

from dataclasses import dataclass
from datetime import datetime

from grader.report import CheckResult, ExerciseResult, Report, TaskResult
from grader.results import Grade, Results
from grader.verdict import Verdict
from grader.writers import reason
from grader.writers.pages.kinds import while_loading
from grader.writers.terminal import bonus_words


@dataclass(frozen=True)
class Part:
    """A task, and those of its checks that belong together on the page."""

    task: TaskResult
    checks: tuple[CheckResult, ...]
    untouched: bool
    """nothing of the task was started, so that one line says it all"""


@dataclass(frozen=True)
class Page:
    """All that the template of a student's page is given."""

    title: str
    name: str
    grade: Grade
    problem: str
    accounts: tuple[str, ...]
    full: bool
    bonus: str
    """what was earned on a GPU, in words; empty where nobody asked"""
    version: str
    exercises: tuple[ExerciseResult, ...]
    counts: dict[Verdict, int]
    failing: tuple[Part, ...]
    waiting: tuple[Part, ...]
    passing: tuple[Part, ...]
    told: dict[str, str]
    """by check: the earlier check that has the same message"""
    hinted: frozenset[str]
    """the checks whose hint may help: not while the submission does not even load"""


def of(grade: Grade, results: Results) -> Page:
    """The page of one student."""
    report = grade.report
    checks = report.checks if report else []
    verdicts = [check.verdict for check in checks]
    return Page(
        results.title,
        grade.student.name or grade.student.key,
        grade,
        reason.of(grade),
        tuple(reason.without_place(account, grade) for account in grade.accounts),
        report.full if report else results.full,
        bonus_words(report) if report else "",
        results.version,
        report.exercises if report else (),
        {verdict: verdicts.count(verdict) for verdict in Verdict},
        _parts(report, Verdict.FAIL, Verdict.BROKEN),
        _parts(report, Verdict.TODO, Verdict.SKIPPED),
        _parts(report, Verdict.PASS),
        _told(checks),
        frozenset(
            check.id for check in checks if check.verdict is Verdict.FAIL and check.hint and not while_loading(check)
        ),
    )


def moment(when: datetime) -> str:
    """A moment to the minute, with its time zone if that is known."""
    return f"{when:%Y-%m-%d %H:%M %Z}".rstrip()


def _parts(report: Report | None, *verdicts: Verdict) -> tuple[Part, ...]:
    """The checks with these verdicts by task, both in teaching order."""
    parts = []
    for exercise in report.exercises if report else ():
        by_task: dict[str, list[CheckResult]] = {task.id: [] for task in exercise.tasks}
        for check in exercise.checks:
            by_task[check.task].append(check)
        for task in exercise.tasks:
            mine = tuple(check for check in by_task[task.id] if check.verdict in verdicts)
            untouched = {check.verdict for check in by_task[task.id]} <= {Verdict.TODO, Verdict.SKIPPED}
            if mine:
                parts.append(Part(task, mine, untouched))
    return tuple(parts)


def _told(checks: list[CheckResult]) -> dict[str, str]:
    """A file that does not load fails every check in the same words: they are said once."""
    first: dict[str, str] = {}
    told = {}
    for check in checks:
        if check.verdict in (Verdict.FAIL, Verdict.BROKEN) and first.setdefault(check.message, check.id) != check.id:
            told[check.id] = first[check.message]
    return told
