"""A course's policy: what it makes of a score, and what it says of a file with a mistake in it."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.policy import Policy, apply, read_policy, unknown_extensions
from grader.report import Judged, Report, assemble, share_points
from grader.results import Student
from grader.verdict import Verdict

DEADLINE = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
JANE = Student("jane-1", "Jane Doe", id="1", login="jdoe", email="Jane@example.org")
POINTS = {"ex.1": 60.0, "ex.2": 40.0}


class Task:
    minutes = 10

    def __init__(self, id: str, points: int) -> None:
        self.id, self.title, self.points = id, id, points


def report(first: Verdict = Verdict.PASS, second: Verdict = Verdict.PASS) -> Report:
    """60 and 40 points, for one check each."""
    verdicts = {"ex.1": first, "ex.2": second}
    judged = [
        Judged(f"{task}.a", task, "", Fraction(1), False, verdict, "", "", 0.0) for task, verdict in verdicts.items()
    ]
    tasks = [Task(task, int(points)) for task, points in POINTS.items()]
    return assemble([share_points("ex", "Ex", tasks, judged)], 0, "none", full=True)


def scored(score: float) -> Report:
    return Report(score, 100.0, 0, "none", True, ())


def final(policy: Policy, graded: Report | None = None, after: timedelta | None = None, late: bool = False):
    at = None if after is None else DEADLINE + after
    return apply(policy, graded or report(), at, late, JANE)


def said(policy: Policy, *arguments, **named) -> list[str]:
    return [step.why for step in final(policy, *arguments, **named)[2]]


TEN_A_DAY = Policy(deadline=DEADLINE, penalty_per_day=0.1, grace_minutes=15)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-DAY, 100), (0 * DAY, 100), (15 * MINUTE, 100), (16 * MINUTE, 90), (DAY, 90), (DAY + MINUTE, 80), (30 * DAY, 0)],
)
def test_each_day_begun_costs_after_the_grace(after, expected):
    assert final(TEN_A_DAY, after=after)[:2] == (expected, 100)


def test_lateness_is_said_in_a_sentence():
    assert said(TEN_A_DAY, after=DAY + MINUTE) == ["2 days late: 20 % of 100 points"]
    assert said(TEN_A_DAY, after=MINUTE) == []


def test_a_mark_without_a_time_is_one_day():
    assert final(TEN_A_DAY, late=True)[0] == 90
    assert said(TEN_A_DAY, late=True) == ["marked late, not known by how much: 1 day late: 10 % of 100 points"]


def test_a_known_time_outweighs_the_mark():
    assert final(TEN_A_DAY, after=-DAY, late=True)[0] == 100


def test_penalty_is_of_the_maximum_and_ends_at_zero():
    assert final(TEN_A_DAY, scored(30.0), 2 * DAY)[0] == 10
    assert final(TEN_A_DAY, scored(30.0), 5 * DAY)[0] == 0


def test_max_penalty_and_cap():
    assert final(Policy(deadline=DEADLINE, penalty_per_day=0.2, max_penalty=0.5), after=9 * DAY)[0] == 50
    capped = Policy(deadline=DEADLINE, cap_when_late=0.7)
    assert final(capped, after=MINUTE)[0] == 70
    assert said(capped, after=MINUTE) == ["1 day late: at most 70 % of 100 points"]
    assert final(capped, scored(30.0), MINUTE) == (30.0, 100.0, ())


def test_nothing_counts_after_the_latest():
    policy = Policy(deadline=DEADLINE, latest=DEADLINE + DAY)
    assert final(policy, after=DAY)[0] == 100
    assert final(policy, after=DAY + MINUTE)[0] == 0
    assert said(policy, after=2 * DAY) == ["handed in after 2026-11-21 23:59 UTC, when nothing was accepted any more"]


@pytest.mark.parametrize("name", ["jane-1", "1", "JDOE", "jane@example.org"])
def test_an_extension_moves_deadline_and_latest(name):
    policy = Policy(
        deadline=DEADLINE, penalty_per_day=0.1, latest=DEADLINE + DAY, extensions={name: DEADLINE + 3 * DAY}
    )
    assert final(policy, after=3 * DAY)[0] == 100
    assert final(policy, after=4 * DAY)[0] == 90
    assert final(policy, after=4 * DAY + MINUTE)[0] == 0
    assert apply(policy, report(), DEADLINE + 2 * DAY, False, Student("max"))[0] == 0


def test_an_extension_makes_up_for_a_mark():
    policy = Policy(deadline=DEADLINE, penalty_per_day=0.1, extensions={"jdoe": DEADLINE + DAY})
    assert final(policy, late=True)[0] == 100
    assert said(policy, late=True) == ["marked late, which an extension makes up for"]


def test_extensions_of_nobody_are_found():
    policy = Policy(deadline=DEADLINE, extensions={"JDoe": DEADLINE, "jdo": DEADLINE})
    assert unknown_extensions(policy, [JANE]) == ["jdo"]


def test_a_dropped_task_leaves_score_and_maximum():
    policy = Policy(drop=("ex.2",))
    assert final(policy, report(second=Verdict.FAIL))[:2] == (60, 60)
    assert said(policy) == ["ex.2 does not count"]


def test_a_bonus_counts_up_to_the_maximum():
    policy = Policy(bonus=("ex.2",))
    assert final(policy, report(first=Verdict.FAIL))[:2] == (40, 60)
    assert final(policy)[:2] == (60, 60)
    assert said(policy)[1] == "a bonus counts up to the maximum of 60 points"
    assert final(Policy(bonus=("ex.2",), allow_above_max=True))[:2] == (100, 60)


def test_scores_are_scaled_to_the_points_of_a_course():
    assert final(Policy(scale_to=20.0), scored(31.0))[:2] == (6.2, 20.0)
    assert said(Policy(scale_to=20.0)) == ["100 points are worth 20 points of the course"]


def test_rounding_is_down_unless_asked_for():
    assert final(Policy(digits=1), scored(31.96))[0] == 31.9
    assert final(Policy(digits=1, rounding="nearest"), scored(31.95))[0] == 32.0
    assert final(Policy(digits=1), scored(29.999999999999996)) == (30.0, 100.0, ())
    assert final(Policy(digits=2), scored(4.35))[0] == 4.35
    assert said(Policy(digits=0), scored(31.5)) == ["rounded down, to 0 digits after the point"]
    assert final(Policy(scale_to=9.99, digits=0, rounding="nearest"))[:2] == (9.99, 9.99)


def test_our_own_fault_costs_nothing():
    assert final(Policy(), report(first=Verdict.BROKEN))[:2] == (40, 40)
    assert final(Policy(scale_to=20.0), report(first=Verdict.BROKEN))[:2] == (20, 20)
    assert final(Policy(scale_to=20.0), report(Verdict.BROKEN, Verdict.BROKEN))[0] is None
    assert final(Policy(drop=("ex.2",)), report(first=Verdict.BROKEN))[0] is None


def test_no_report_is_zero_out_of_what_counts():
    got = apply(Policy(drop=("ex.2",)), None, None, True, JANE, POINTS)
    assert got[:2] == (0, 60)
    assert [step.why for step in got[2]] == ["nothing of it could be graded"]
    assert apply(Policy(scale_to=20.0), None, None, False, JANE)[:2] == (0, 20)


shares = st.floats(0, 1)
policies = st.builds(
    Policy,
    deadline=st.sampled_from([None, DEADLINE]),
    grace_minutes=st.floats(0, 3000),
    penalty_per_day=shares,
    max_penalty=shares,
    cap_when_late=shares,
    latest=st.sampled_from([None, DEADLINE + 2 * DAY]),
    drop=st.sampled_from([(), ("ex.1",)]),
    bonus=st.sampled_from([(), ("ex.2",)]),
    scale_to=st.none() | st.floats(0.5, 1000),
    digits=st.none() | st.integers(0, 6),
    rounding=st.sampled_from(["down", "nearest"]),
    extensions=st.sampled_from([{}, {"jdoe": DEADLINE + DAY}]),
)
verdicts = st.sampled_from(list(Verdict))
reports = st.builds(report, verdicts, verdicts)
delays = st.timedeltas(-3 * DAY, 10 * DAY)


@given(policies, reports, delays, delays, st.booleans())
def test_later_never_scores_more(policy, graded, one, other, late):
    early, later = (final(policy, graded, after, late)[0] for after in sorted([one, other]))
    assert early == later == None or early >= later  # noqa: E711


@given(policies, reports, st.none() | delays, st.booleans())
def test_final_lies_between_zero_and_the_maximum(policy, graded, after, late):
    score, maximum, steps = final(policy, graded, after, late)
    assert score is None or 0 <= score <= maximum
    assert not steps or steps[-1].score == pytest.approx(score)


@given(st.floats(0, 100), st.none() | delays, st.booleans())
def test_no_policy_keeps_the_raw_score(score, after, late):
    assert final(Policy(), scored(score), after, late) == (score, 100.0, ())


@given(policies, reports, st.none() | delays, st.booleans())
def test_the_same_again_is_the_same(policy, graded, after, late):
    assert final(policy, graded, after, late) == final(policy, graded, after, late)


@given(st.floats(0, 100), st.integers(0, 6), st.sampled_from(["down", "nearest"]))
def test_rounding_twice_is_rounding_once(score, digits, rounding):
    policy = Policy(digits=digits, rounding=rounding)
    once = final(policy, scored(score))[0]
    assert final(policy, scored(once))[0] == once


def read(tmp_path: Path, text: str, tasks=None) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    return read_policy(path, tasks)


def test_the_documented_policy_is_read(tmp_path):
    text = read_policy.__globals__["__doc__"].split("\n\n")[2]
    policy = read(tmp_path, text, ["hw.5", "hw.6"])
    assert policy.deadline == datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    assert policy.extensions == {"doe@example.org": datetime(2026, 11, 24, 22, 59, tzinfo=UTC)}
    assert [name for name in Policy.__struct_fields__ if name not in text] == []


def test_an_offset_needs_no_zone(tmp_path):
    policy = read(tmp_path, "deadline = 2026-11-20T23:59:00+02:00")
    assert policy.deadline == datetime(2026, 11, 20, 23, 59, tzinfo=timezone(timedelta(hours=2)))


def test_days_are_counted_across_the_change_of_clocks(tmp_path):
    policy = read(tmp_path, 'timezone = "Europe/Berlin"\ndeadline = 2026-10-24T12:00:00\npenalty_per_day = 0.1')
    less_than_a_day_on_the_clock = datetime(2026, 10, 25, 11, 59, tzinfo=ZoneInfo("Europe/Berlin"))  # 24 h 59 min
    assert apply(policy, report(), less_than_a_day_on_the_clock, False, JANE)[0] == 80


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deadline = 2026-11-20T23:59:00", "key `deadline`: expected an offset such as +01:00 behind it, or a key"),
        ("deadline = 2026-11-20", "key `deadline`: Expected `datetime | null`, got `date`"),
        ('timezone = "Europe/Berln"', "key `timezone`: no time zone is called `Europe/Berln`; did you mean"),
        ('timezone = "../../etc/passwd"', "key `timezone`: no time zone is called"),
        ("penalty = 0.1", "Object contains unknown field `penalty`"),
        ("penalty_per_day = 10", "key `penalty_per_day`: Expected `float` <= 1.0"),
        ("penalty_per_day = -0.1", "key `penalty_per_day`: Expected `float` >= 0.0"),
        ("grace_minutes = nan", "key `grace_minutes`: Expected `float` >= 0.0"),
        ('rounding = "up"', "key `rounding`: Invalid enum value 'up'; expected 'down' or 'nearest'"),
        ('drop = ["ex.3"]', "key `drop`: no task is called `ex.3`; did you mean `ex.2` or `ex.1`?"),
        ('drop = ["ex.1"]\nbonus = ["ex.1"]', "key `bonus`: `ex.1` is dropped already"),
        ("latest = 2026-11-20T23:59:00Z", "key `latest`: expected a key `deadline` as well"),
        (
            "deadline = 2026-11-20T23:59:00Z\n[extensions]\njane = 2026-11-19T23:59:00Z",
            "key `extensions.jane`: expected a time after the deadline, got 2026-11-19 23:59 UTC",
        ),
        ("deadline =", "is not TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_and_key(tmp_path, text, message):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text, POINTS)
    assert str(caught.value).startswith(f"{tmp_path / 'policy.toml'}: {message}")
    assert "\n" not in str(caught.value)


def test_a_missing_policy_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")
