"""A failing check tells the smallest case that fails, and looks for it on a budget.

Also here: whose fault it is when a check crashes, and what is told of a check whose needs are not met.
"""

import pytest
from simplest import simplest

from grader.catalog import read_catalog
from grader.grade import Session
from grader.worker.host import Died, Worker

FAILURES = {
    "always": ("return x + 1", "n = 1, factor = 2.0"),
    "from_three_on": ("return x * factor + (len(x) >= 3)", "n = 3, factor = 2.0"),
    "for_one_factor": ("return x * factor + (factor == 0.5)", "n = 1, factor = 0.5"),
    "for_both": ("return x * factor + (factor == -3 and len(x) > 1)", "n = 2, factor = -3.0"),
}
SEEDS = (0, 1)


def broken(reference: str, body: str) -> bytes:
    return f"{reference}\n\ndef scaled(x, factor):\n    {body}\n".encode()


@pytest.fixture(scope="module")
def reference(shared_lesson):
    return (shared_lesson.root / "solutions/vectors/vectors.py").read_text()


@pytest.fixture(scope="module")
def session(shared_lesson):
    with Session(read_catalog(shared_lesson.root).exercises) as session:
        yield session


def judged(session, source: bytes, seed: int = 0, check_id: str = "vectors.1.value"):
    report = session.grade({"vectors": source}, seed)
    return next(check for check in report.checks if check.id == check_id)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAILURES)
def test_smallest_failing_case_is_told(session, reference, name, seed):
    body, case = FAILURES[name]
    x = simplest("vectors.1.value", int(case[4]), seed)
    assert f"\nwith      {case}, x = {x}\n" in judged(session, broken(reference, body), seed).message


def test_smaller_case_must_fail_for_the_same_reason(session, reference):
    """Two elements raise, three and more are wrong: whichever is met first is not exchanged for the other."""
    source = broken(reference, "return x + [0, 0, 1 / (len(x) - 2), 1, 1, 1][len(x)] if len(x) > 1 else x * factor")
    told = [judged(session, source, seed).message.split("\n") for seed in range(4)]
    cases = {(lines[0], next(line for line in lines if line.startswith("with"))[:15]) for lines in told}
    assert cases == {
        ("your code raised: ZeroDivisionError: division by zero", "with      n = 2"),
        ("the result has the wrong value", "with      n = 3"),
    }


def test_a_seed_determines_the_message(session, reference):
    source = broken(reference, "return x + len(x)")
    first = judged(session, source, 5).message
    assert first == judged(session, source, 5).message


@pytest.fixture
def outcomes(monkeypatch):
    """What came of every question to a worker, whether it was sent ahead or not, and of every file to be loaded."""
    seen = []
    wait = Worker._await

    def remembered(worker, *question):
        seen.append(wait(worker, *question))
        return seen[-1]

    monkeypatch.setattr(Worker, "_await", remembered)
    return seen


def test_failing_submission_costs_at_most_three_passing_ones(session, reference, outcomes):
    judged(session, reference.encode())  # from here on the oracle's replies are known
    outcomes.clear()
    judged(session, reference.encode())
    passing = len(outcomes)
    for name, (body, _) in FAILURES.items():
        outcomes.clear()
        assert judged(session, broken(reference, body)).verdict == "fail"
        assert 0 < len(outcomes) <= 3 * passing, name


@pytest.mark.parametrize("body", ["import os; os._exit(0)", "pass"])
def test_dead_process_is_not_shrunk(session, reference, outcomes, body):
    """It would cost a new process, or a deadline, for every attempt: one for each of two checks is enough."""
    body = f"while len(x) > 2: {body}\n    return x * factor"
    assert judged(session, broken(reference, body)).verdict == "fail"
    assert [type(outcome) for outcome in outcomes].count(Died) == 2


# ---- whose fault a crash is

ODD = "def mean(x):\n    return 'not a number'\n"
TRUSTING = {
    # A check that does not vet what it sees: only an odd answer makes it crash.
    "trusting": ('close(student.ask("mean", x=x)["mean"], ', 'close(student.ask("mean", x=x)["mean"] + 0.0, '),
    # A check with a bug: any answer does.
    "crashing": ('close(student.ask("mean", x=x)["mean"], ', 'close(student.ask("mean", x=x)["mean"].nothing, '),
}


@pytest.fixture(scope="module", params=["reference", "oracle"])
def crashes(request, make_lesson, tmp_path_factory):
    """What becomes of checks that crash on an odd answer, where we have the reference and where only the oracle."""
    lesson = make_lesson(tmp_path_factory.mktemp("crashes"))
    reference = (lesson.root / "solutions/vectors/vectors.py").read_text()
    for name, (old, new) in TRUSTING.items():
        lesson.copy_exercise(name)
        checks = lesson.root / "exercises" / name / f"test_{name}.py"
        checks.write_text(checks.read_text().replace(old, new))
        (checks.parent / f"{name}.py").write_text(f"{reference}\n\n{ODD}")
        if request.param == "oracle":
            (lesson.root / "solutions" / name / f"{name}.py").unlink()
    return lesson.run("check", *TRUSTING, "--json", "-")


def test_odd_answer_that_crashes_a_check_fails(crashes):
    check = crashes.check("trusting.2.value")
    assert check["verdict"] == "fail"
    assert check["message"] == "your answer is so unlike what was asked for that it cannot be judged"


def test_check_that_crashes_for_us_as_well_is_broken(crashes):
    check = crashes.check("crashing.2.value")
    assert (check["verdict"], check["max_score"]) == ("broken", 0.0)
    assert check["message"] == "the check crashed: AttributeError at test_crashing.py:25"
    assert crashes.status == 3


# ---- needs


@pytest.mark.parametrize(
    ("scaled", "verdict", "message"),
    [
        ("return x + 1", "skipped", "builds on vectors.1, which does not pass yet"),
        ("raise NotImplementedError('vectors.1')", "skipped", "builds on vectors.1, which is not started"),
        ("return x * factor", "pass", ""),
    ],
)
def test_check_whose_need_is_not_met_is_skipped(session, reference, scaled, verdict, message):
    check = judged(session, broken(reference, scaled), check_id="vectors.2.value")
    assert (check.verdict, check.message) == (verdict, message)


def test_where_nothing_is_started_all_is_todo(session, stub):
    report = session.grade({"vectors": stub.encode()})
    assert {check.verdict for check in report.checks} == {"todo"}
