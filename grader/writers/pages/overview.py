"""What the page of a class shows: the results, counted. Nothing here knows HTML."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from grader.report import CheckResult, TaskResult
from grader.results import Grade, Results
from grader.verdict import Verdict, cause
from grader.writers.pages.kinds import DEATHS, while_loading
from grader.writers.pages.student import moment

BINS = 10
COMMON = 10
LISTED = 40
SLOWEST = 5
NUMBER = re.compile(r"-?\d[\d.]*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Person:
    """A student as the page of the class names them, with the way to their page."""

    name: str
    key: str
    """empty where the name alone tells who it is"""
    href: str
    """empty where there is none"""


@dataclass(frozen=True)
class Row:
    """A student's line of the map: a verdict for each check of the class, None where there is none."""

    person: Person
    final: float | None
    verdicts: tuple[Verdict | None, ...]
    summary: str


@dataclass(frozen=True)
class Standing:
    """How the class stands with one check."""

    check: CheckResult
    """as the first report has it that has it"""
    counts: Counter[Verdict]

    @property
    def judged(self) -> int:
        """How many were judged by it: a broken check judges nobody."""
        return self.counts.total() - self.counts[Verdict.BROKEN]

    @property
    def rate(self) -> float:
        """The share of those who were judged that passes."""
        return self.counts[Verdict.PASS] / self.judged if self.judged else 0.0


@dataclass(frozen=True)
class TaskStanding:
    """How the class stands with the checks of one task."""

    task: TaskResult
    checks: tuple[Standing, ...]


@dataclass(frozen=True)
class Failure:
    """Failures that look alike."""

    check: CheckResult | None
    """None if it is the whole submission that does not load"""
    kind: str
    says: str
    misconception: str
    """the known mistake behind all of them, which may fail several checks; empty where none is known"""
    students: tuple[tuple[Person, str], ...]
    """each with the check to look at"""


@dataclass(frozen=True)
class Concern:
    """Why an instructor should look at some students, and at what of each."""

    why: str
    students: tuple[tuple[Person, str], ...]


@dataclass(frozen=True)
class Spread:
    """How the scores are distributed; a bin holds a tenth of the points, the last one full marks too."""

    bins: tuple[int, ...]
    median: float
    mean: float
    lowest: float
    highest: float
    median_share: float


@dataclass(frozen=True)
class Slow:
    """A check that takes long."""

    check: CheckResult
    median_s: float
    longest_s: float
    longest: Person


@dataclass(frozen=True)
class Time:
    """What the checks of the class took."""

    total_s: float
    median_s: float
    longest_s: float
    longest: Person
    slowest: tuple[Slow, ...]


@dataclass(frozen=True)
class Overview:
    """All that the template of the class page is given."""

    results: Results
    max_score: float
    spread: Spread | None
    perfect: int
    tasks: tuple[TaskStanding, ...]
    rows: tuple[Row, ...]
    common: tuple[Failure, ...]
    rarer: tuple[Failure, ...]
    """to be folded"""
    unlisted: int
    """how many more there are, rarer still"""
    concerns: tuple[Concern, ...]
    isolation: tuple[tuple[str, int], ...]
    salts: tuple[str, ...]
    time: Time | None


def of(results: Results) -> Overview:
    """The page of the class."""
    people = _people(results)
    tasks = tuple(_tasks(results))
    failures = _failures(results, people, tasks)
    reports = [grade.report for grade in results.grades if grade.report]
    return Overview(
        results,
        max((grade.max_score for grade in results.grades), default=0.0),
        _spread(results),
        sum(grade.final is not None and grade.final >= grade.max_score > 0 for grade in results.grades),
        tasks,
        _rows(results, people, tasks),
        failures[:COMMON],
        failures[COMMON:LISTED],
        len(failures[LISTED:]),
        tuple(_concerns(results, people)),
        tuple(Counter(report.isolation for report in reports).most_common()),
        tuple(sorted({report.salt for report in reports if report.salt})),
        _time(results, people),
    )


def _people(results: Results) -> dict[str, Person]:
    names = Counter(grade.student.name for grade in results.grades)
    people = {}
    for student in (grade.student for grade in results.grades):
        known = bool(student.name) and names[student.name] == 1
        people[student.key] = Person(
            student.name or student.key, "" if known or not student.name else student.key, _page(student.key)
        )
    return people


def _page(key: str) -> str:
    return f"students/{quote(key)}.html"


def _spread(results: Results) -> Spread | None:
    graded = [grade for grade in results.grades if grade.final is not None]
    scores = [grade.final for grade in graded if grade.final is not None]
    if not scores:
        return None
    shares = [grade.final / grade.max_score if grade.final and grade.max_score else 0.0 for grade in graded]
    # A policy may add points, or take more than there are.
    counts = Counter(min(max(int(share * BINS + 1e-9), 0), BINS - 1) for share in shares)
    return Spread(
        tuple(counts[index] for index in range(BINS)),
        statistics.median(scores),
        statistics.fmean(scores),
        min(scores),
        max(scores),
        min(max(statistics.median(shares), 0.0), 1.0),
    )


def _tasks(results: Results) -> Iterator[TaskStanding]:
    """Tasks and checks in the order of the reports, which is the order of teaching."""
    tasks: dict[str, TaskResult] = {}
    checks: dict[str, dict[str, CheckResult]] = defaultdict(dict)
    counts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for grade in results.grades:
        for exercise in grade.report.exercises if grade.report else ():
            for task in exercise.tasks:
                tasks.setdefault(task.id, task)
            for check in exercise.checks:
                checks[check.task].setdefault(check.id, check)
                counts[check.id][check.verdict] += 1
    for task in tasks.values():
        yield TaskStanding(task, tuple(Standing(check, counts[check.id]) for check in checks[task.id].values()))


def _rows(results: Results, people: dict[str, Person], tasks: tuple[TaskStanding, ...]) -> tuple[Row, ...]:
    """Best first, so that the map reads as a slope; who has no score comes last."""
    columns = [standing.check.id for task in tasks for standing in task.checks]
    rows = []
    for grade in sorted(results.grades, key=lambda grade: (grade.final is None, -(grade.final or 0.0))):
        verdicts = {check.id: check.verdict for check in grade.report.checks} if grade.report else {}
        counts = Counter(verdicts.values())
        summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        row = tuple(verdicts.get(column) for column in columns)
        rows.append(Row(people[grade.student.key], grade.final, row, summary or "nothing could be graded"))
    return tuple(rows)


def _failures(results: Results, people: dict[str, Person], tasks: tuple[TaskStanding, ...]) -> tuple[Failure, ...]:
    """Failures by what is behind them, else by what they look like; the most common first, then as they are taught."""
    checks: dict[tuple[str, ...], CheckResult] = {}
    students: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for grade in results.grades:
        for check in _failing(grade):
            # A submission that does not load fails each check in the same way: that is one failure.
            subject = "" if while_loading(check) else check.id
            look: tuple[str, ...] = (subject, check.kind, NUMBER.sub("#", _looks(check.message)))
            if check.misconception:
                look = (_exercise(check), check.misconception)
            checks.setdefault(look, check)
            students[look].setdefault(grade.student.key, check.id)
    in_order = [standing.check.id for task in tasks for standing in task.checks]
    order = {check: index for index, check in enumerate(in_order)}
    ranked = sorted(checks, key=lambda look: (-len(students[look]), order[checks[look].id]))
    return tuple(
        Failure(
            checks[look] if look[0] else None,
            checks[look].kind,
            _looks(checks[look].message),
            checks[look].misconception,
            tuple((people[key], check) for key, check in students[look].items()),
        )
        for look in ranked
    )


def _failing(grade: Grade) -> list[CheckResult]:
    """The checks that fail; that a submission does not load, hidden ones say in fewer words once more."""
    failing = [check for check in grade.report.checks if check.verdict is Verdict.FAIL] if grade.report else []
    unloaded = {_exercise(check) for check in failing if while_loading(check) and not check.hidden}
    return [check for check in failing if not (check.hidden and while_loading(check) and _exercise(check) in unloaded)]


def _exercise(check: CheckResult) -> str:
    return check.id.split(".")[0]


def _looks(message: str) -> str:
    """The headline, and the note on what the difference looks like: the other lines are about one case."""
    headline, *more = message.split("\n")
    # What a submission prints is indented, so that it cannot begin like this.
    notes = [line.removeprefix("note ").strip() for line in more if line.startswith("note ")]
    return ": ".join([headline, *notes[:1]])


def _concerns(results: Results, people: dict[str, Person]) -> Iterator[Concern]:
    def concern(why: str, found: dict[str, str]) -> Iterator[Concern]:
        if found:
            yield Concern(why, tuple((people[key], detail) for key, detail in found.items()))

    graded = [(grade, grade.report) for grade in results.grades if grade.report]
    ungraded = [grade for grade in results.grades if not grade.report and grade.final is not None]
    owed = [grade for grade in results.grades if grade.final is None]
    yield from concern("No final score, by our own fault", {g.student.key: g.problem or "grade again" for g in owed})
    yield from concern("Nothing could be graded", {grade.student.key: grade.problem for grade in ungraded})
    yield from concern("The grader itself failed at a check", _first(results, lambda c: c.verdict is Verdict.BROKEN))
    yield from concern("Tried what is forbidden", _first(results, lambda c: cause(c.kind) == "forbidden"))
    yield from concern("Hung, hit a limit, or ended its process", _first(results, lambda c: cause(c.kind) in DEATHS))
    yield from concern(
        "Graded with less than full isolation",
        {grade.student.key: report.isolation for grade, report in graded if report.isolation != "full"},
    )
    nothing = tuple((Person(student.name or student.key, "", ""), "") for student in results.missing)
    if nothing:
        yield Concern("On the roster, and handed in nothing", nothing)
    yield from concern("Marked late", {grade.student.key: _handed_in(grade) for grade in results.grades if grade.late})
    yield from concern(
        "Noted while reading the submission",
        {grade.student.key: "; ".join(grade.notes) for grade in results.grades if grade.notes},
    )


def _first(results: Results, alarming: Callable[[CheckResult], bool]) -> dict[str, str]:
    """For each student with alarming checks: the first of them, and how many more there are."""
    found = {}
    for grade in results.grades:
        checks = [check for check in grade.report.checks if alarming(check)] if grade.report else []
        if checks:
            more = f" (and {len(checks) - 1} more)" if len(checks) > 1 else ""
            found[grade.student.key] = f"{checks[0].id}: {_looks(checks[0].message)}{more}"
    return found


def _handed_in(grade: Grade) -> str:
    return f"handed in {moment(grade.submitted_at)}" if grade.submitted_at else ""


def _time(results: Results, people: dict[str, Person]) -> Time | None:
    """How long the checks themselves took; a machine that grades many at once needs less in all."""
    taken: list[tuple[float, Person]] = []
    by_check: dict[str, list[tuple[float, Person]]] = defaultdict(list)
    checks: dict[str, CheckResult] = {}
    for grade in results.grades:
        if grade.report and grade.report.checks:
            person = people[grade.student.key]
            taken.append((sum(check.duration_s for check in grade.report.checks), person))
            for check in grade.report.checks:
                checks.setdefault(check.id, check)
                by_check[check.id].append((check.duration_s, person))
    if not taken:
        return None
    slow = [Slow(checks[check], *_median_and_longest(durations)) for check, durations in by_check.items()]
    slow.sort(key=lambda entry: -entry.longest_s)
    return Time(sum(total for total, _ in taken), *_median_and_longest(taken), tuple(slow[:SLOWEST]))


def _median_and_longest(durations: list[tuple[float, Person]]) -> tuple[float, float, Person]:
    longest_s, who = max(durations, key=lambda entry: entry[0])
    return statistics.median(duration for duration, _ in durations), longest_s, who
