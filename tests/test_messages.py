"""What a learner reads: every shape of outcome, whole, as a terminal of 80 columns shows it.

The texts are in `tests/golden`; `make goldens` rewrites them.
"""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
REFERENCE = "solutions/vectors/vectors.py"
WRONG = """\
def scaled(x, factor):
    print("scaling by", factor)
    return x + factor


def mean(x):
    return 0.0
"""
HALF = """\
def scaled(x, factor):
    x *= factor
    return x


def mean(x):
    total = x[0]
    for i in range(len(x)):
        total += x[i + 1]
    return total / len(x)
"""
OUTCOMES = ["stub", "wrong", "half", "syntax-error", "public-pass", "full-pass", "hidden-fail", "broken"]


@pytest.fixture(scope="module")
def texts(shared_lesson):
    """What the command prints, by outcome."""
    reference = (shared_lesson.root / REFERENCE).read_text()
    shared_lesson.hand_in(WRONG, "wrong")
    shared_lesson.hand_in(HALF, "half")
    shared_lesson.hand_in(reference + "\ntotal = (1,\n", "syntax-error")
    shared_lesson.hand_in(reference.replace("x.sum()", "x[:5].sum()"), "hidden-fail")
    shared_lesson.copy_exercise("broken")
    oracle = shared_lesson.root / "exercises/broken/oracle.py"
    oracle.write_text(oracle.read_text().replace("np.mean(x)", "np.meen(x)"))
    run = shared_lesson.run
    return {
        "stub": run("check", "vectors").out,
        "wrong": run("check", "vectors", "--submission", "wrong").out,
        "half": run("check", "vectors", "--submission", "half", "--seed", "3").out,
        "syntax-error": run("check", "vectors", "--submission", "syntax-error").out,
        "public-pass": run("check", "vectors", "--submission", REFERENCE).out,
        "full-pass": run("check", "vectors", "--submission", REFERENCE, "--full").out,
        "hidden-fail": run("check", "vectors", "--submission", "hidden-fail", "--full").out,
        "broken": run("check", "broken", "--submission", "solutions/broken/broken.py").out,
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_text_is_as_agreed(texts, golden, outcome):
    golden(GOLDEN / f"{outcome}.txt", texts[outcome])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_text_fits_a_terminal(texts, outcome):
    assert "\x1b" not in texts[outcome]
    for line in texts[outcome].splitlines():
        assert len(line) <= 80, line
        assert line == line.rstrip()


def test_nothing_is_blank_twice(texts):
    for outcome, text in texts.items():
        assert "\n\n\n" not in text, outcome


def test_syntax_error_is_told_once(texts):
    assert texts["syntax-error"].count("SyntaxError") == 1


def test_public_pass_is_not_full_marks(texts):
    assert "this is not yet a grade" in " ".join(texts["public-pass"].split())
    assert "All checks pass" not in texts["public-pass"]
    assert "All checks pass, the hidden ones too." in texts["full-pass"]


def test_students_who_type_make_read_make(shared_lesson):
    text = shared_lesson.run("check", "vectors", environment={"GRADER_VIA": "make"}).out
    assert "make check EX=vectors" in text
    assert "make hint TASK=vectors.1" in text
    assert "grader check" not in text


# What a submission does when only the hidden check can see it, and all that the check says about it.
HIDDEN = {
    "wrong_value": ("return 0.0", "value"),
    "text": ("return str(x)", "type"),
    "matrix": ("return x.reshape(2, 3)", "shape"),
    "nothing": ("return float('nan')", "finite"),
    "raises": ("raise ValueError(str(x))", "raised ValueError"),
    "raises_its_own": ("raise type(str(x), (KeyError,), {})(str(x))", "raised KeyError"),
    "prints": ("print(x); return 0.0", "value"),
    "ends": ("print(x); import os; os._exit(int(-4 * x[0]))", "died"),
    "hangs": ("print(x); import time; time.sleep(60)", "hung"),
    "too_deep": ("exec('global y; y = x.tolist()\\nfor i in range(99): y = [y]'); return y", "type"),
}


@pytest.fixture(scope="module")
def hidden(make_lesson, tmp_path_factory):
    lesson = make_lesson(tmp_path_factory.mktemp("hidden"))
    reference = (lesson.root / REFERENCE).read_text()
    for name, (body, _) in HIDDEN.items():
        lesson.copy_exercise(name)
        seen = f"if len(x) > 5:\n        {body}\n    return float(x.sum() / len(x))"
        source = reference.replace("return float(x.sum() / len(x))", seen)
        (lesson.root / "exercises" / name / f"{name}.py").write_text(source)
    return lesson.run("check", *HIDDEN, "--full", "--json", "-")


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_check_tells_the_kind_alone(hidden, name):
    check = hidden.check(f"{name}.2.negative")
    assert check["message"] == f"failed on a hidden case ({HIDDEN[name][1]})"
    assert (check["hidden"], check["verdict"], check["title"]) == (True, "fail", "negative numbers count")
    public = [verdict for check, verdict in hidden.verdicts.items() if check.startswith(f"{name}.")][:-1]
    assert public == ["pass"] * 4
