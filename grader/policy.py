"""What a course makes of a score: lateness, caps, dropped and bonus tasks, scale. A pure function of a report.

The policy is a TOML file; all keys are optional:

    deadline = 2026-11-20T23:59:00        # with an offset (`...00+01:00`), or in `timezone`
    timezone = "Europe/Berlin"
    grace_minutes = 10                    # up to so much later is in time; past it, lateness counts from the deadline
    penalty_per_day = 0.1                 # of the maximum, for each day begun: two days late cost 20 of 100 points
    max_penalty = 0.5                     # of the maximum, however late
    cap_when_late = 0.8                   # of the maximum: more is not to be had late
    latest = 2026-11-27T23:59:00          # what comes after it scores 0
    drop = ["hw.5"]                       # these tasks count neither for the score nor for the maximum
    bonus = ["hw.6"]                      # these count for the score and not for the maximum
    allow_above_max = false               # whether a bonus may lift the score above the maximum
    scale_to = 20.0                       # the points that the maximum is worth in the course
    digits = 1                            # after the point, rounded down; `rounding = "nearest"` rounds halves up
    [extensions]                          # a student's key, id, login or e-mail, and a deadline of their own,
    "doe@example.org" = 2026-11-24T23:59:00   # which moves `latest` by as much

Penalties are fractions of the maximum and not of the score, so that a day costs everybody the same. Whether a hand-in
was late is judged by its time if that is known, and else by the LMS's mark, which counts as one day late.
"""

import difflib
import math
import zoneinfo
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from grader.catalog import pick
from grader.errors import UsageError
from grader.report import Report
from grader.results import Deduction, Student
from grader.settings import convert, read_toml
from grader.verdict import Verdict

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
DAY = timedelta(days=1)


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a policy; times have a time zone once `read_policy` is through."""

    deadline: datetime | None = None
    timezone: str = ""
    grace_minutes: Annotated[float, msgspec.Meta(ge=0, le=60 * 24 * 366)] = 0.0
    penalty_per_day: Share = 0.0
    max_penalty: Share = 1.0
    cap_when_late: Share = 1.0
    latest: datetime | None = None
    drop: tuple[str, ...] = ()
    bonus: tuple[str, ...] = ()
    allow_above_max: bool = False
    scale_to: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None
    digits: Annotated[int, msgspec.Meta(ge=0, le=6)] | None = None
    rounding: Literal["down", "nearest"] = "down"
    extensions: dict[str, datetime] = msgspec.field(default_factory=dict)


def read_policy(path: Path, tasks: Collection[str] | None = None) -> Policy:
    """A course's policy; raises UsageError that names key and expectation. `tasks` are the ids that there are."""
    policy = convert(read_toml(path, path), Policy, path)
    zone = _zone(policy.timezone, path)
    policy = msgspec.structs.replace(
        policy,
        deadline=policy.deadline and _aware(policy.deadline, zone, "deadline", path),
        latest=policy.latest and _aware(policy.latest, zone, "latest", path),
        extensions={who: _aware(at, zone, f"extensions.{who}", path) for who, at in policy.extensions.items()},
    )
    _check(policy, path)
    for key, named in [("drop", policy.drop), ("bonus", policy.bonus)]:
        for task in named if tasks is not None else ():
            try:
                pick(task, list(tasks or ()), "task")
            except UsageError as error:
                raise UsageError(f"{path}: key `{key}`: {error}") from None
    return policy


def unknown_extensions(policy: Policy, students: Iterable[Student]) -> list[str]:
    """Whom the policy extends the deadline for and nobody of the batch is, such as a misspelled login."""
    known = {name for student in students for name in _names(student)}
    return [who for who in policy.extensions if who.casefold() not in known]


def apply(
    policy: Policy,
    report: Report | None,
    submitted_at: datetime | None,
    late: bool,
    student: Student,
    tasks: Mapping[str, float] | None = None,
) -> tuple[float | None, float, tuple[Deduction, ...]]:
    """The final score, what it is out of, and the steps between.

    No report is the student's own fault: 0 points, out of what `tasks` (points by id) add up to. The final score is
    None if all that counts broke, which is our fault.
    """
    score, maximum = _count(policy, report, tasks or {})
    steps: list[Deduction] = []
    if report is None:
        steps.append(Deduction("nothing of it could be graded", 0.0))
    elif not maximum and any(check.verdict is Verdict.BROKEN for check in report.checks):
        return None, policy.scale_to or 0.0, ()
    else:
        steps += _uncounted(policy, report, score)
        if score > maximum and not policy.allow_above_max:
            score = maximum
            steps.append(Deduction(f"a bonus counts up to the maximum of {_points(maximum)}", float(score)))
        for why, most in _lateness(policy, score, maximum, submitted_at, late, student):
            score = min(score, most)
            steps.append(Deduction(why, float(score)))
    if policy.scale_to is not None:
        scale = Fraction(policy.scale_to)
        if report is not None:
            score = score * scale / maximum if maximum else Fraction(0)
            steps.append(Deduction(f"{_points(maximum)} are worth {_points(scale)} of the course", float(score)))
        maximum = scale
    if policy.digits is not None:
        # Tidied, or a sum of floats of 29.999999999999996 would cost a tenth of a point.
        exact = _tidy(float(score))
        score = _round(policy, exact, maximum)
        if score != exact:
            how = "down" if policy.rounding == "down" else "to the nearest"
            digits = f"{policy.digits} digit{'s' * (policy.digits != 1)}"
            steps.append(Deduction(f"rounded {how}, to {digits} after the point", float(score)))
    return float(score), float(maximum), tuple(steps)


def _count(policy: Policy, report: Report | None, tasks: Mapping[str, float]) -> tuple[Fraction, Fraction]:
    """The score and the maximum of the tasks that count."""
    free = {*policy.drop, *policy.bonus}
    if report is None:
        return Fraction(0), sum((_tidy(points) for task, points in tasks.items() if task not in free), Fraction(0))
    if not free:
        return Fraction(report.score), Fraction(report.max_score)
    results = [task for exercise in report.exercises for task in exercise.tasks]
    score = sum((_tidy(task.score) for task in results if task.id not in policy.drop), Fraction(0))
    return score, sum((_tidy(task.max_score) for task in results if task.id not in free), Fraction(0))


def _uncounted(policy: Policy, report: Report, score: Fraction) -> list[Deduction]:
    graded = {task.id for exercise in report.exercises for task in exercise.tasks}
    dropped = [f"{task} does not count" for task in policy.drop if task in graded]
    bonus = [
        f"{task} is a bonus: it counts for the score, not for the maximum" for task in policy.bonus if task in graded
    ]
    return [Deduction(why, float(score)) for why in [*dropped, *bonus]]


def _lateness(
    policy: Policy, score: Fraction, maximum: Fraction, submitted_at: datetime | None, late: bool, student: Student
) -> list[tuple[str, Fraction]]:
    """Why a score may be no more than so much."""
    deadline, latest, extended = _deadlines(policy, student)
    why = ""
    if submitted_at and deadline:
        late_by = submitted_at - deadline
        days = -(-late_by // DAY) if late_by > timedelta(minutes=policy.grace_minutes) else 0
    elif late and extended:  # the LMS marks by the deadline that everybody else has
        return [("marked late, which an extension makes up for", score)]
    else:
        days, why = int(late), "marked late, not known by how much: "
    most = []
    if days:
        why += f"{days} day{'s' * (days > 1)} late"
        share = min(_share(policy.max_penalty), days * _share(policy.penalty_per_day))
        left = max(Fraction(0), score - share * maximum)
        cap = _share(policy.cap_when_late) * maximum
        if share:
            most.append((f"{why}: {_percent(share)} of {_points(maximum)}", left))
        if cap < left:
            most.append((f"{why}: at most {_percent(_share(policy.cap_when_late))} of {_points(maximum)}", cap))
    if submitted_at and latest and submitted_at > latest:
        most.append((f"handed in after {latest:%Y-%m-%d %H:%M} UTC, when nothing was accepted any more", Fraction(0)))
    return most


def _deadlines(policy: Policy, student: Student) -> tuple[datetime | None, datetime | None, bool]:
    """A student's own deadline and last time, and whether they are an extension."""
    names = _names(student)
    extensions = [at for who, at in policy.extensions.items() if who.casefold() in names]
    if not extensions or not policy.deadline:
        return policy.deadline, policy.latest, False
    deadline = max(extensions)
    return deadline, policy.latest and policy.latest + (deadline - policy.deadline), True


def _names(student: Student) -> set[str]:
    """All that tells a student but the name, which two may bear."""
    names = {student.key, student.id, student.login, student.email, student.sis_id}
    return {name.casefold() for name in names if name}


def _round(policy: Policy, score: Fraction, maximum: Fraction) -> Fraction:
    unit = Fraction(1, 10 ** (policy.digits or 0))
    whole = math.floor(score / unit + (Fraction(1, 2) if policy.rounding == "nearest" else 0))
    return whole * unit if policy.allow_above_max else min(whole * unit, maximum)


def _tidy(points: float) -> Fraction:
    """The simple fraction that a float stands for: points are shared out in thirds and sevenths."""
    return Fraction(points).limit_denominator(10**6)


def _points(points: Fraction) -> str:
    return f"{float(points):g} point{'s' * (points != 1)}"


def _share(share: float) -> Fraction:
    """The decimal that was written: 0.1 is a tenth."""
    return Fraction(str(share))


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):g} %"


def _zone(name: str, path: Path) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=2)
        offer = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "expected one such as Europe/Berlin (see `pip install tzdata`)"
        )
        raise UsageError(f"{path}: key `timezone`: no time zone is called `{name}`; {offer}") from None


def _aware(at: datetime, zone: zoneinfo.ZoneInfo | None, key: str, path: Path) -> datetime:
    """A time in UTC, since times of one zone are compared as its clocks show them, twice an hour in autumn."""
    if at.tzinfo is None and zone is None:
        raise UsageError(f"{path}: key `{key}`: expected an offset such as +01:00 behind it, or a key `timezone`")
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _check(policy: Policy, path: Path) -> None:
    """Raise UsageError for what each key allows alone and all of them together do not."""
    dated = [("latest", policy.latest), *((f"extensions.{who}", at) for who, at in policy.extensions.items())]
    for key, at in dated:
        if at and not policy.deadline:
            raise UsageError(f"{path}: key `{key}`: expected a key `deadline` as well")
        if at and policy.deadline and at < policy.deadline:
            raise UsageError(f"{path}: key `{key}`: expected a time after the deadline, got {at:%Y-%m-%d %H:%M} UTC")
    if both := set(policy.drop) & set(policy.bonus):
        raise UsageError(f"{path}: key `bonus`: `{min(both)}` is dropped already")
