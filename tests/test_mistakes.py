"""Known mistakes are recognised by what they answer, told in public checks only, and kept for the class."""

import json
from pathlib import Path

import pytest

from grader.authoring.answers import Answer
from grader.batch.store import Kept, Store
from grader.catalog import read_catalog
from grader.checking import holding
from grader.checking.implementation import Exchange
from grader.checking.mistakes import Beside, Parted, Trace, is_same, recognise
from grader.grade import Session
from grader.verdict import Verdict
from grader.wire import Tensor
from grader.worker.host import Answer as Replied
from grader.worker.host import Raised

SCALED = "vectors.1.value"
MISTAKES = {
    "adds": ("Adds the factor instead of multiplying.", "vectors.1.value vectors.1.fresh", "scaled", "x + factor"),
    "squares": ("Multiplies by the square of the factor.", "vectors.1.value", "scaled", "x * factor ** 2"),
    "forgets": ("Leaves out all but five elements.", "vectors.2.negative", "mean", "float(x[:5].sum() / len(x[:5]))"),
}


@pytest.fixture(scope="module")
def known(shared_lesson):
    """The lesson with wrong answers: nobody can recognise what nobody wrote down."""
    folder = shared_lesson.root / "solutions/vectors/wrong"
    folder.mkdir()
    for name, (headline, fails, function, value) in MISTAKES.items():
        (folder / f"{name}.py").write_text(f"# {headline}\n# fails: {fails}\n{redefined(function, value)}")
    return shared_lesson


def redefined(function: str, value: str) -> str:
    """The source of a function of the lesson that returns another value."""
    if function == "scaled":
        return f"def scaled(x, factor):\n    return {value}\n"
    return f"def mean(x):\n    if not len(x):\n        raise ValueError\n    return {value}\n"


def handed_in(lesson, value: str, function: str = "scaled") -> str:
    """A submission that differs from the reference in what a function returns."""
    return (lesson.root / "solutions/vectors/vectors.py").read_text() + redefined(function, value)


def test_known_mistake_is_named(known):
    ran = known.grade(handed_in(known, "factor * x * factor"), "--full")
    check = ran.check(SCALED)
    assert check["misconception"] == "Multiplies by the square of the factor."
    words = "a known mistake answers exactly the same: Multiplies by the square of the factor."
    assert words in check["message"]


def test_it_is_named_wherever_it_fails(known):
    ran = known.grade(handed_in(known, "factor + x"), "--full")
    for check_id in (SCALED, "vectors.1.fresh"):
        assert ran.check(check_id)["misconception"] == "Adds the factor instead of multiplying."


@pytest.mark.parametrize("value", ["x + 2 * factor", "factor + x if factor == 1 else x * factor ** 2"])
def test_another_mistake_is_not_named(known, value):
    ran = known.grade(handed_in(known, value), "--full")
    assert [check["misconception"] for check in ran.report["exercises"][0]["checks"] if check["misconception"]] == []
    assert "known mistake" not in ran.out


def test_it_is_named_where_earlier_cases_passed_without_their_body(known):
    """Wrong from five elements on, like the known one, in a session in which all smaller cases have passed before."""
    folder, value = known.root / "solutions/vectors", "x * factor + (len(x) == 5)"
    (folder / "wrong/late.py").write_text(
        f"# Is wrong for five elements.\n# fails: vectors.1.value\n{redefined('scaled', value)}"
    )
    try:
        with Session(read_catalog(known.root).exercises, full=True) as session:
            for source in [(folder / "vectors.py").read_text()] * 2 + [handed_in(known, "(len(x) == 5) + factor * x")]:
                report = session.grade({"vectors": source.encode()})
    finally:
        (folder / "wrong/late.py").unlink()
    (check,) = (check for check in report.checks if check.id == SCALED)
    assert check.misconception == "Is wrong for five elements."


def test_one_worker_does_for_all_suspects_until_one_ends_it(known, monkeypatch):
    """Asked in the order of their names: one that ends its process, two others, and the mistake itself."""
    folder, started, start = known.root / "solutions/vectors", [], holding.Worker
    suspects = {"ends": "__import__('os')._exit(3)", "halves": "x * factor / 2", "negates": "-x * factor"}
    for name, value in suspects.items():
        text = f"# Is the mistake {name}.\n# fails: {SCALED}\n{redefined('scaled', value)}"
        (folder / f"wrong/{name}.py").write_text(text)
    monkeypatch.setattr(holding, "Worker", lambda *given: started.append(given) or start(*given))
    try:
        with Session(read_catalog(known.root).exercises, full=True) as session:
            session.grade({"vectors": (folder / "vectors.py").read_bytes()})
            before = len(started)
            report = session.grade({"vectors": handed_in(known, "factor * x * factor").encode()})
    finally:
        for name in suspects:
            (folder / f"wrong/{name}.py").unlink()
    named = {check.misconception for check in report.exercises[0].checks}
    assert named == {"", "Multiplies by the square of the factor."}
    assert len(started) - before == 3  # the submission's, that of the one that ends it, and one for the rest


def test_without_solutions_nothing_is_compared(known):
    ran = known.grade(handed_in(known, "x * factor ** 2"))
    assert ran.check(SCALED)["misconception"] == ""
    assert "known mistake" not in ran.out
    assert "`factor`" in ran.check(SCALED)["message"]


def test_hidden_check_names_it_for_instructors_alone(known):
    source = handed_in(known, "float(x[:5].mean())", "mean")
    ran = known.grade(source, "--full")
    (check,) = [check for check in ran.report["exercises"][0]["checks"] if check["verdict"] == "fail"]
    assert check["hidden"]
    assert check["misconception"] == "Leaves out all but five elements."
    assert check["message"] == "failed on a hidden case (value)"
    assert "five elements" not in known.run("check", "--submission", "handed-in", "--full").out


# ---------------------------------------------------------------------------------------------- matching


def answer(name: str, *fails: str) -> Answer:
    return Answer(Path(f"{name}.py"), f"The mistake {name}.", frozenset(fails), b"")


def trace(value: object, index: int = 0) -> Trace:
    return Trace(index, "value", (Exchange("scaled", {"factor": 2.0}, Replied({"y": value})),))


A, B, C = "lesson.1.a", "lesson.1.b", "lesson.2.c"


def named(answers: dict[Answer, dict[str, Trace]], failed: dict[str, Trace], passed: tuple[str, ...] = ()):
    """The mistakes that are named, by check."""

    def fails(of: Answer, check_id: str, _: Trace) -> Trace | None:
        return answers[of].get(check_id)

    took_s = {check: float(-place) for place, check in enumerate(failed)}
    found = recognise(list(answers), failed, passed, fails, took_s)
    return {check: mistake.headline for check, mistake in found.items()}


def test_same_answers_name_the_mistake():
    answers = {answer("one", A): {A: trace(1.0)}, answer("two", A): {A: trace(2.0)}}
    assert named(answers, {A: trace(2.0)}) == {A: "The mistake two."}


def test_two_mistakes_with_the_same_answers_are_none():
    answers = {answer("one", A): {A: trace(1.0)}, answer("two", A): {A: trace(1.0)}}
    assert named(answers, {A: trace(1.0)}) == {}


def test_one_that_fails_what_passes_is_not_it():
    assert named({answer("one", A, B): {A: trace(1.0)}}, {A: trace(1.0)}, passed=(B,)) == {}


def test_one_that_leaves_a_failure_open_is_not_it():
    assert named({answer("one", A): {A: trace(1.0)}}, {A: trace(1.0), B: trace(1.0)}) == {}
    assert named({answer("late", C): {C: trace(1.0)}}, {A: trace(1.0), C: trace(1.0)}) == {}


def test_later_mistake_is_named_beside_an_earlier_one():
    answers = {answer("one", A): {A: trace(1.0)}, answer("late", C): {C: trace(3.0)}}
    assert named(answers, {A: trace(1.0), C: trace(3.0)}) == {A: "The mistake one.", C: "The mistake late."}


def test_the_one_that_accounts_for_more_is_named():
    answers = {answer("one", A): {A: trace(1.0)}, answer("more", A, C): {A: trace(1.0), C: trace(1.0)}}
    assert set(named(answers, {A: trace(1.0), C: trace(1.0)}).values()) == {"The mistake more."}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (trace(1.0), trace(1.0 + 1e-13), True),
        (trace(1.0), trace(1.0 + 1e-6), False),
        (trace(1.0), trace(1.0, index=1), False),
        (trace(1), trace(True), False),
        (trace(float("nan")), trace(float("nan")), True),
        (trace(["a", 1.0]), trace(["a", 1.0]), True),
        (trace(["a"]), trace(["a", 1.0]), False),
        (trace(Tensor("float64", (), b"\0" * 8)), trace(Tensor("float64", (), b"\0" * 8)), True),
        (trace(Tensor("float64", (), b"\0" * 8)), trace(Tensor("float64", (), b"\0" * 6 + b"\xf0\x3f")), False),
        (trace(Tensor("float64", (1,), b"\0" * 8)), trace(Tensor("float32", (1,), b"\0" * 4)), False),
    ],
)
def test_answers_are_the_same_up_to_rounding(one, other, same):
    assert is_same(one, other) is same


def test_exceptions_are_the_same_by_type_and_text():
    def raised(name: str, text: str) -> Trace:
        return Trace(0, "raises", (Exchange("mean", {}, Raised(name, (name,), text, ())),))

    assert is_same(raised("KeyError", "x"), raised("KeyError", "x"))
    assert not is_same(raised("KeyError", "x"), raised("IndexError", "x"))
    assert not is_same(raised("KeyError", "x"), raised("KeyError", "y"))


def test_the_cheapest_check_is_compared_first():
    calls = []

    def other(_: Answer, check_id: str, __: Trace) -> Trace:
        calls.append(check_id)
        return trace(2.0)

    failed = {A: trace(1.0), B: trace(1.0)}
    assert recognise([answer("one", A, B)], failed, (), other, {A: 0.3, B: 0.1}) == {}
    assert calls == [B]


def asked(*values: object) -> tuple[Exchange, ...]:
    return tuple(Exchange("scaled", {"factor": 2.0}, Replied({"y": value})) for value in values)


def test_a_suspect_is_asked_until_it_answers_otherwise():
    beside = Beside(Trace(1, "value", asked(1.0, 2.0)))
    beside.clear()
    beside.append(asked(9.0)[0])  # of another case, which is not compared
    beside.clear()
    beside.append(asked(1.0)[0])
    with pytest.raises(Parted):
        beside.append(asked(3.0)[0])
    assert tuple(beside) == asked(1.0, 3.0)


def test_a_suspect_that_is_asked_more_is_another():
    beside = Beside(Trace(0, "value", asked(1.0)))
    beside.clear()
    beside.append(asked(1.0)[0])
    with pytest.raises(Parted):
        beside.append(asked(1.0)[0])


@pytest.mark.parametrize(
    ("index", "values", "known"),
    [(0, (1.0, 3.0), True), (0, (5.0,), True), (0, (1.0,), False), (0, (1.0, 2.0), False), (1, (1.0,), True)],
)
def test_what_broke_off_is_known_as_far_as_it_goes(index: int, values: tuple[float, ...], known: bool):
    """It passed the cases before the one on which it parted; whoever agrees up to there must ask on."""
    like = Trace(0, "value", asked(1.0, 2.0))
    parted = Trace(index, "", asked(*values), parted=True)
    assert parted.differs(like) is known
    assert not is_same(like, parted)
    assert not Trace(0, "value", asked(*values), parted=True).differs(Trace(1, "value", asked(1.0)))


# ---------------------------------------------------------------------------------------------- the class


def test_store_keeps_it(tmp_path):
    store = Store.at(tmp_path / "store.sqlite")
    kept = Kept(Verdict.FAIL, "message", "value", 0.1, "full", "Adds the factor.")
    store.keep("source", {A: "key"}, {A: kept})
    assert store.find(["source"], {A: "key"}) == {"source": {A: kept}}
    store.close()


def test_class_page_groups_by_it(known):
    submissions = known.root / "class"
    for number, value in enumerate(["x + factor", "factor + x", "x * factor ** 2", "x - factor"]):
        (submissions / f"s{number}").mkdir(parents=True)
        (submissions / f"s{number}" / "vectors.py").write_text(handed_in(known, value))
    ran = known.run("batch", "class", "--out", "out")
    assert ran.status in (0, 1), ran.talk
    page = (known.root / "out/index.html").read_text()
    assert "2 of 4 answer exactly as it does" in page
    assert page.index("Adds the factor instead") < page.index("Multiplies by the square")
    checks = json.loads((known.root / "out/results.json").read_text())["grades"][0]["report"]["exercises"][0]["checks"]
    assert checks[0]["misconception"] == "Adds the factor instead of multiplying."
