"""What a submission could make the grader say or decide, beyond what `tests/attacks` try."""

import pytest

HIDDEN = """
@check("vectors.1.hidden", points=1, title="six elements", hint="")
def test_six(student, reference, inputs):
    x = inputs.array("x", 6)
    close(student.ask("scaled", x=x, factor=2.0)["y"], reference.ask("scaled", x=x, factor=2.0)["y"], rtol=0)
"""
TELL_ALL = """
def scaled(x, factor, seen=[]):
    seen.append(len(x))
    return x * factor


def mean(x):
    raise RuntimeError(f"lengths: {sorted({*scaled.__defaults__[0]})}")
"""


def test_hidden_inputs_reach_no_public_message(lesson) -> None:
    """One worker serves all checks: what it saw of the hidden ones, it could tell in the message of a public one."""
    with (lesson.root / "solutions/vectors/test_vectors_hidden.py").open("a") as file:
        file.write(HIDDEN)
    graded = lesson.grade(TELL_ALL, "--full")
    assert graded.verdicts["vectors.1.hidden"] == "pass"
    assert "lengths: [1, 2, 3, 4, 5]" in graded.check("vectors.2.value")["message"]


BACK = """
@check("vectors.1.back", points=1, title="the oracle can use the answer", hint="")
def test_back(student, oracle, inputs):
    y = student.ask("scaled", x=inputs.array("x", 3), factor=2.0)["y"]
    oracle.ask("mean", x=y)
    oracle.ask("scaled", x=y, factor=y)
"""


@pytest.mark.parametrize("answer", ["x[:0]", "np.zeros(5 * 2**20)"])
def test_answer_that_breaks_the_oracle_is_no_fault_of_ours(lesson, answer: str) -> None:
    with (lesson.root / "exercises/vectors/test_vectors.py").open("a") as file:
        file.write(BACK)
    graded = lesson.grade(f"import numpy as np\n\n\ndef scaled(x, factor):\n    return {answer}\n")
    assert graded.verdicts["vectors.1.back"] == "fail"


def test_oracle_that_breaks_by_itself_is(lesson, reference: str) -> None:
    with (lesson.root / "exercises/vectors/test_vectors.py").open("a") as file:
        file.write(BACK.replace('"mean", x=y', '"mean", x=inputs.array("x", 0)'))
    assert lesson.grade(reference).verdicts["vectors.1.back"] == "broken"
