"""Points: a task is worth the same whichever checks run, and our faults cost nothing."""

from fractions import Fraction

import pytest

from grader.catalog import Task
from grader.report import Judged, assemble, share_points
from grader.verdict import Verdict

HINTS = ("a", "b", "c")


def judged(check_id: str, weight: float, verdict: Verdict, *, hidden: bool = False) -> Judged:
    task = check_id.rpartition(".")[0]
    return Judged(check_id, task, "a law", Fraction(weight), hidden, verdict, "", "", 0.0)


def share(*found: Judged, points: int = 3):
    return share_points("ex", "Ex", [Task("ex.1", "one", points, HINTS)], found)


def test_hidden_checks_leave_the_total_alone():
    public = [judged("ex.1.a", 2, Verdict.PASS), judged("ex.1.b", 1, Verdict.FAIL)]
    hidden = judged("ex.1.c", 3, Verdict.PASS, hidden=True)
    assert (share(*public).score, share(*public).max_score) == (2.0, 3.0)
    assert (share(*public, hidden).score, share(*public, hidden).max_score) == (2.5, 3.0)


def test_awkward_shares_add_up_exactly():
    result = share(*(judged(f"ex.1.c{i}", 1, Verdict.PASS) for i in range(7)))
    assert result.score == 3.0
    assert result.tasks[0].score == 3.0


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.TODO, Verdict.SKIPPED])
def test_only_a_pass_earns(verdict):
    result = share(judged("ex.1.a", 1, verdict), judged("ex.1.b", 2, Verdict.PASS))
    assert (result.score, result.checks[0].score, result.checks[0].max_score) == (2.0, 0.0, 1.0)


def test_broken_check_costs_nothing():
    result = share(judged("ex.1.a", 1, Verdict.BROKEN), judged("ex.1.b", 2, Verdict.PASS))
    assert (result.score, result.max_score) == (3.0, 3.0)
    assert result.checks[0].max_score == 0.0


def test_wholly_broken_task_leaves_the_sum():
    result = share(judged("ex.1.a", 1, Verdict.BROKEN))
    assert (result.score, result.max_score) == (0.0, 0.0)


def test_report_sums_exercises():
    exercise = share(judged("ex.1.a", 1, Verdict.PASS))
    report = assemble([exercise, exercise], 7, "none", full=False)
    assert (report.score, report.max_score, report.seed) == (6.0, 6.0, 7)
