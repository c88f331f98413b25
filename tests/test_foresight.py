"""Asking ahead: the same verdicts and the same words as one question after the other, for whatever a submission does.

A session that has judged the reference knows what will be asked. Beside it another one, which never learns.
"""

import pytest
from test_deaths import SOURCES

from grader.catalog import read_catalog
from grader.checking.foresight import MAX_AHEAD, Scripts
from grader.checking.holding import Held
from grader.checking.implementation import Exchange
from grader.grade import Session
from grader.wire import Tensor
from grader.worker.host import Answer, Worker

DEPENDS = """

@check("vectors.2.depends", points=1, title="what is asked depends on an answer", hint="-")
def test_depends(student, inputs):
    x = inputs.array("x", 3)
    mean = number(student.ask("mean", x=x)["mean"])
    close(student.ask("scaled", x=x, factor=mean)["y"], x * mean, rtol=1e-12)
"""


class NothingLearnt(Scripts):
    def learn(self, *_):
        """Not this one."""


@pytest.fixture(scope="module")
def exercise(shared_lesson):
    checks = shared_lesson.root / "exercises/vectors/test_vectors.py"
    checks.write_text(checks.read_text().replace("integers,", "integers, number,") + DEPENDS)
    (found,) = read_catalog(shared_lesson.root).exercises
    return found


@pytest.fixture(scope="module")
def reference(exercise):
    return exercise.reference.read_bytes()


@pytest.fixture(scope="module")
def shared_session(exercise):
    with Session((exercise,)) as session:
        yield session


@pytest.fixture
def knowing(shared_session, reference):
    """A session that knows what will be asked, and of no answers but the reference's that they pass."""
    shared_session.bench.scripts = Scripts()
    shared_session.grade({"vectors": reference})
    return shared_session


@pytest.fixture(scope="module")
def learning_nothing(exercise):
    with Session((exercise,)) as session:
        session.bench.scripts = NothingLearnt()
        yield session


@pytest.fixture
def asked_one_by_one(monkeypatch):
    """The probes that were asked one after the other."""
    asked = []
    converse = Held.converse

    def listening(held, question):
        asked.append(question.probe)
        return converse(held, question)

    monkeypatch.setattr(Held, "converse", listening)
    return asked


def told(session, source):
    """All that is said of a submission."""
    text = source if isinstance(source, bytes) else source.encode()
    report = session.grade({"vectors": text})
    return [(check.id, check.verdict, check.message, check.kind) for check in report.checks]


@pytest.mark.parametrize("name", SOURCES)
def test_whatever_happens_is_told_as_if_it_was_asked_one_by_one(knowing, learning_nothing, name):
    assert told(knowing, SOURCES[name]) == told(learning_nothing, SOURCES[name])


def test_right_answers_are_asked_for_one_by_one_only_until_the_file_is_loaded(knowing, reference, asked_one_by_one):
    assert {verdict for _, verdict, _, _ in told(knowing, reference)} == {"pass"}
    assert asked_one_by_one == ["scaled"]


def test_answers_that_passed_are_not_judged_again(knowing, reference, monkeypatch):
    told(knowing, reference)  # what was answered ahead is remembered from then on
    looked_at = []
    monkeypatch.setattr("grader.checking.compare.array", lambda *_, **__: looked_at.append(1))
    told(knowing, reference)
    assert len(looked_at) == 2  # the two sides of the case that the file is loaded for


def test_same_file_gets_another_verdict_for_other_answers(knowing, reference):
    """Answers that passed are recognised by all their bytes: one wrong element in a later case is seen."""
    wrong = (
        reference
        + b"\n\ndef mean(x):\n    if not len(x): raise ValueError('none')\n    return x.sum() / max(len(x), 2)\n"
    )
    for _ in range(2):
        verdicts = {check_id: verdict for check_id, verdict, _, _ in told(knowing, wrong)}
        assert verdicts["vectors.2.value"] == "fail"
        assert verdicts["vectors.2.empty"] == "pass"


def test_question_that_nobody_asked_costs_nobody(knowing, learning_nothing):
    """The reference's mean as a factor ends the process; this submission's own mean is never that."""
    source = """
        import os

        def mean(x):
            if not len(x):
                raise ValueError("none")
            return x.sum() / len(x) if len(x) != 3 else 0.0

        def scaled(x, factor):
            if len(x) == 3 and factor not in (1.0, 2.0, -3.0, 0.5, 0.0):
                os._exit(1)
            return x * factor
    """
    source = "\n".join(line[8:] for line in source.splitlines())
    for _ in range(2):
        verdicts = {check_id: verdict for check_id, verdict, _, _ in told(knowing, source)}
        assert verdicts["vectors.2.depends"] == "pass"
    assert told(knowing, source) == told(learning_nothing, source)


def test_message_tells_what_was_printed_on_its_own_case(knowing, learning_nothing):
    """The first case says nothing, so the others are asked ahead, and all of them print."""
    source = (
        SOURCES["loop"].split("\n\n\n")[0]
        + """


calls = []


def mean(x):
    if not len(x):
        raise ValueError("none")
    calls.append(x)
    if len(calls) < 2:
        return x.mean()
    print(f"call with {x[0]}")
    return x.mean() + (len(calls) > 4)
"""
    )
    by_one = dict(zip(["id", "verdict", "message", "kind"], told(learning_nothing, source)[2], strict=True))
    ahead = dict(zip(["id", "verdict", "message", "kind"], told(knowing, source)[2], strict=True))
    assert ahead["verdict"] == by_one["verdict"] == "fail"
    assert ahead["message"].count("call with") == by_one["message"].count("call with") == 1


def test_nothing_is_learnt_of_who_was_asked_nothing():
    """Answers that are changed on their way to a check never came from a worker."""
    scripts = Scripts()
    scripts.learn(1, 0, [])
    assert scripts.of(1, 0) is None


def test_what_fills_a_socket_is_not_asked_ahead():
    scripts = Scripts()
    large = Tensor("uint8", (MAX_AHEAD,), bytes(MAX_AHEAD))
    scripts.learn(1, 0, [Exchange("probe", {"x": large}, Answer(None))])
    assert scripts.of(1, 0) is None


def test_who_is_not_through_with_what_nobody_needs_is_ended(knowing, monkeypatch):
    """The second case is wrong; the third and fourth, asked with it, take long. Later checks get a fresh process."""
    drained = []
    drain = Worker.drain
    monkeypatch.setattr(
        Worker, "drain", lambda worker, at_most_s: drained.append(at_most_s) or drain(worker, at_most_s)
    )
    source = """
import time

calls = []


def mean(x):
    if not len(x):
        raise ValueError("none")
    calls.append(x)
    if len(calls) == 3:
        time.sleep(0.9)
    return x.mean() + (len(calls) == 2)


def scaled(x, factor):
    return x * factor
"""
    verdicts = {check_id: verdict for check_id, verdict, _, _ in told(knowing, source)}
    assert drained
    assert verdicts["vectors.2.value"] == "fail"
    assert verdicts["vectors.2.empty"] == verdicts["vectors.1.value"] == "pass"
