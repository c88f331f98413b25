"""Asking ahead: the same verdicts and the same words as one question after the other, for whatever a submission does.

A session that has judged the reference knows what will be asked. Beside it another one, which never learns.
"""

import pytest
from test_deaths import SOURCES

from grader.catalog import read_catalog
from grader.checking import holding
from grader.checking.foresight import MAX_AHEAD, MAX_PATHS, Tree, Trees, behind
from grader.checking.holding import Held, Question
from grader.checking.implementation import Exchange
from grader.grade import Session
from grader.wire import Received, Tensor
from grader.worker.host import Answer

CHECKS = """

@check("vectors.2.chain", points=1, title="what is asked holds an earlier answer", hint="-")
def test_chain(student, inputs):
    x = inputs.array("x", 3)
    mean = number(student.ask("mean", x=x)["mean"])
    close(student.ask("scaled", x=x, factor=mean)["y"], x * mean, rtol=1e-12)
    close(mean, x.sum() / len(x), rtol=1e-12)


@check("vectors.2.chance", points=1, title="a right mean, or else a right product", hint="-")
def test_chance(student, inputs):
    x = inputs.array("x", 4)
    if number(student.ask("mean", x=x)["mean"]) != x.sum() / len(x):
        close(student.ask("scaled", x=x, factor=4.0)["y"], x * 4.0, rtol=1e-12)


@check("vectors.2.single", points=1, title="one question", hint="-")
def test_single(student, inputs):
    x = inputs.array("x", 7)
    close(student.ask("mean", x=x)["mean"], x.sum() / len(x), rtol=1e-12)


@check("vectors.2.kind", points=1, title="an answer comes back as it was", hint="-")
def test_kind(student, inputs):
    mean = student.ask("mean", x=inputs.array("x", 6))["mean"]
    exactly(student.ask("kind", value=mean)["kind"], [type(mean).__name__, repr(mean)])
"""
PROBE = """

def kind(impl, value):
    return {"kind": [type(value).__name__, repr(value)]}
"""
SCALED = """
def scaled(x, factor):
    return x * factor
"""
WIRE = """
import os
import struct
import sys


def wire():
    frame = sys._getframe()
    while not {"channel", "message"} <= frame.f_locals.keys():
        frame = frame.f_back
    return frame.f_locals["channel"], frame.f_locals["message"].number


def nonsense():
    channel, number = wire()
    header = b'{"kind":"answer","number":%d,"value":{},"tensors":[]}' % number
    channel._socket.sendall(struct.pack(">4sIQ", b"FTG1", len(header), 0) + header)


def mean_of(x):
    if not len(x):
        raise ValueError("none")
    return x.sum() / len(x)
"""


class NothingLearnt(Trees):
    def learn(self, *_):
        """Not this one."""


@pytest.fixture(scope="module")
def exercise(shared_lesson):
    folder = shared_lesson.root / "exercises/vectors"
    checks, probes = folder / "test_vectors.py", folder / "probes.py"
    toml = folder / "exercise.toml"
    toml.write_text(toml.read_text().replace("call_s = 1.0", "call_s = 0.5"))
    checks.write_text(checks.read_text().replace("integers,", "exactly, integers, number,") + CHECKS)
    probes.write_text(probes.read_text() + PROBE)
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
    shared_session.bench.trees = Trees()
    shared_session.grade({"vectors": reference})
    return shared_session


@pytest.fixture(scope="module")
def learning_nothing(exercise):
    with Session((exercise,)) as session:
        session.bench.trees = NothingLearnt()
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


def verdict(session, source, check):
    return next(said[1] for said in told(session, source) if said[0] == f"vectors.{check}")


def test_right_answers_are_asked_for_one_by_one_only_until_the_file_is_loaded(knowing, reference, asked_one_by_one):
    assert {said[1] for said in told(knowing, reference)} == {"pass"}
    assert asked_one_by_one == ["scaled"]


def test_answers_that_passed_are_not_judged_again(knowing, reference, monkeypatch):
    looked_at = []
    monkeypatch.setattr("grader.checking.compare.array", lambda *_, **__: looked_at.append(1))
    told(knowing, reference)
    assert len(looked_at) == 2  # the two sides of the case that the file is loaded for


@pytest.mark.parametrize("wrong", ["x.mean() + (len(x) == 5) * 1e-3", "x.mean() * (1 if len(x) < 5 else 2)"])
def test_answers_of_the_same_shape_are_told_apart(knowing, learning_nothing, wrong):
    source = f"def mean(x):\n    if not len(x):\n        raise ValueError('none')\n    return {wrong}\n{SCALED}"
    by_one = told(learning_nothing, source)
    assert "fail" in {said[1] for said in by_one}
    for _ in range(2):
        assert told(knowing, source) == by_one


@pytest.mark.parametrize("first", [0, 3, 9])
def test_one_wrong_element_is_seen_in_any_case(knowing, first):
    """From the call on that is `first`, the products are wrong in their last element alone."""
    source = f"calls = []\n\n{WIRE}\n\nmean = mean_of\n\n\ndef scaled(x, factor):\n    calls.append(1)\n"
    source += f"    y = x * factor\n    y[-1] += len(calls) > {first}\n    return y\n"
    assert verdict(knowing, source, "1.value") == "fail"


def test_who_answers_otherwise_is_asked_what_follows_from_that(knowing, learning_nothing):
    """The reference's mean as a factor would end this process; its own mean is another."""
    source = f"""
{WIRE}


def mean(x):
    return mean_of(x) * (1.0 if len(x) != 3 else 0.5)


def scaled(x, factor):
    if len(x) == 3 and factor == mean_of(x):
        os._exit(1)
    return x * factor
"""
    by_one = told(learning_nothing, source)
    assert "ended its process" not in str(by_one)
    for _ in range(2):
        assert told(knowing, source) == by_one


def test_no_question_tells_the_answer_to_one_before_it(knowing):
    """What waits in the socket while a mean is asked for would hold it, as a factor."""
    thief = f"""
{WIRE}


def mean(x):
    waiting = bytes(wire()[0]._received)
    place = waiting.find(b'"factor":') + 9
    return float(waiting[place:].split(b",")[0].split(b"}}")[0]) if place > 8 else 0.0

{SCALED}"""
    for _ in range(2):
        assert verdict(knowing, thief, "2.chain") == "fail"


def test_question_that_was_asked_of_another_is_part_of_what_passed(knowing):
    """Without the mean, this check asks for a product: who gives the same mean has to give that, too."""
    other = f"{WIRE}\n\ndef mean(x):\n    return 99.0 if len(x) == 4 else mean_of(x)\n{SCALED}"
    wrong = other.replace("return x * factor", "return x * (factor != 4.0) * factor")
    assert verdict(knowing, wrong, "2.chance") == "fail"
    assert verdict(knowing, other, "2.chance") == "pass"
    assert verdict(knowing, wrong, "2.chance") == "fail"


def test_nonsense_that_was_asked_for_again_did_not_pass(knowing):
    """The first of these breaks the process that an earlier check used, and is right in the next one."""
    right_at_last = f"""
{WIRE}
calls = []


def mean(x):
    if len(x) == 7 and calls:
        nonsense()
    calls.append(1)
    return mean_of(x)


def scaled(x, factor):
    calls.append(1)
    return x * factor
"""
    never_right = f"{WIRE}\n\ndef mean(x):\n    return nonsense() if len(x) == 7 else mean_of(x)\n{SCALED}"
    assert verdict(knowing, never_right, "2.single") == "fail"
    assert verdict(knowing, right_at_last, "2.single") == "pass"
    assert verdict(knowing, never_right, "2.single") == "fail"


def test_nonsense_before_a_death_breaks_nothing(knowing, reference):
    """Two questions wait: the first gets nonsense, and the second a process that has ended."""
    source = f"""
{WIRE}


def mean(x):
    if wire()[0]._received:
        nonsense()
        os._exit(0)
    return mean_of(x)

{SCALED}"""
    for _ in range(2):
        assert {said[1] for said in told(knowing, source)} <= {"pass", "fail"}
    assert {said[1] for said in told(knowing, reference)} == {"pass"}


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("1", "True"), ("0.0", "-0.0")])
def test_numbers_that_python_takes_for_the_same_are_others(knowing, one, other):
    for number in (one, other, one):
        source = f"{WIRE}\n\ndef mean(x):\n    return {number} if len(x) == 6 else mean_of(x)\n{SCALED}"
        assert verdict(knowing, source, "2.kind") == "pass"


def test_who_prints_is_asked_one_by_one(knowing, learning_nothing):
    """The first case says nothing, so the others are asked ahead, and all of them print."""
    source = f"""
{WIRE}
calls = []


def mean(x):
    calls.append(x)
    if len(calls) > 1:
        print(f"a mean of {{len(x)}}")
    return mean_of(x) + (len(x) == 5)

{SCALED}"""
    ahead, by_one = told(knowing, source)[2], told(learning_nothing, source)[2]
    assert ahead == by_one
    assert ahead[2].count("a mean of") == 1


def test_more_bytes_than_are_worth_keeping_are_asked_for_again(knowing, reference, monkeypatch, asked_one_by_one):
    monkeypatch.setattr(holding, "MAX_KEPT", 0)
    assert {said[1] for said in told(knowing, reference)} == {"pass"}
    assert len(asked_one_by_one) > 10


def learnt(answers, arguments=None):
    """A tree of a case with a question for each of these answers."""
    trees = Trees()
    trees.learn(1, 0, [exchange(number, answer, arguments) for number, answer in enumerate(answers)])
    return trees.of(1, 0)


def exchange(number, fingerprint, arguments=None):
    asked = Question(f"probe{number}", arguments or {}, 1)
    return Exchange(asked.probe, asked.arguments, Answer(None), asked, fingerprint)


def test_what_follows_on_answers_is_learnt_up_to_one_that_cannot_be_compared():
    tree = learnt([b"a", b"b"])
    assert [question and question.probe for question in tree.known.values()] == ["probe0", "probe1", None]
    assert [question and question.probe for question in learnt([b"a", b"", b"c"]).known.values()] == [
        "probe0",
        "probe1",
    ]


def test_nothing_is_learnt_of_who_was_asked_nothing():
    """Answers that are changed on their way to a check never came from a worker."""
    assert learnt([]) is None
    trees = Trees()
    trees.learn(1, 0, [Exchange("probe", {}, Answer(None))])
    assert trees.of(1, 0) is None


def test_case_that_is_asked_otherwise_for_the_same_answers_is_left_alone():
    trees = Trees()
    trees.learn(1, 0, [exchange(0, b"a"), exchange(1, b"b")])
    assert trees.of(1, 0)
    trees.learn(1, 0, [exchange(0, b"a"), exchange(2, b"b")])
    assert trees.of(1, 0) is None


def test_places_of_a_case_are_few():
    tree = Tree()
    for number in range(2 * MAX_PATHS):
        tree.learn([exchange(0, b"%d" % number)])
    assert len(tree.known) == MAX_PATHS


def test_what_fills_a_socket_is_asked_by_itself(knowing, reference, asked_one_by_one):
    """One question is made larger than a socket takes in: it would be asked in vain, and is not."""
    second = list(knowing.bench.trees._trees.values())[1]
    large = Tensor("uint8", (MAX_AHEAD,), bytes(MAX_AHEAD))
    second.known[b""] = Question("scaled", {"x": large}, second.known[b""].seed)
    assert {said[1] for said in told(knowing, reference)} == {"pass"}
    assert asked_one_by_one == ["scaled", "scaled"]


@pytest.mark.parametrize("change", ["kind", "text", "bytes"])
def test_fingerprints_differ_wherever_answers_do(change):
    header, body = b'{"kind":"answer","number":7,"value":{"y":1},"tensors":[]}', b"abc"
    others = {
        "kind": (header.replace(b"answer", b"raised"), body),
        "text": (header.replace(b"1}", b"2}"), body),
        "bytes": (header, b"abd"),
    }
    same = Received(header.replace(b"7", b"12"), body).fingerprint(12)
    assert same == Received(header, body).fingerprint(7)
    assert Received(*others[change]).fingerprint(7) != same
    assert Received(header, body).fingerprint(8) == b""
    assert behind(b"", same) != behind(behind(b"", same), same)
