"""Which checks a change can reach. A verdict that is kept must be the one that judging again would give."""

import ast

import pytest

from grader.catalog import read_exercise
from grader.watch.affected import Questions, affected, questions_of
from grader.watch.units import units_of

BASE = '''"""A submission."""

import math

import torch

LIMITS = {"r": 8}
NAME = "adapter"


def scale(alpha, r):
    """alpha over r."""
    return alpha / r


def delta(a, b):
    return scale(1, 2) * a @ b


class Layer(torch.nn.Module):
    """A layer."""

    def __init__(self, r):
        super().__init__()
        self.r = r

    def forward(self, x):
        return helper(x)

    def merge(self):
        return delta(self.a, self.b)


def helper(x):
    return x


def count(model):
    return len(list(model.parameters()))


def limit():
    return LIMITS["r"]


def raise_limit():
    return LIMITS
'''
MENTIONS = {
    "test_scale": {"student", "ask", "scaled"},
    "test_layer": {"student", "ask", "layer"},
    "test_count": {"student", "ask", "counted"},
    "test_limit": {"student", "ask", "limited"},
    "scaled": {"impl", "scale"},
    "layer": {"impl", "Layer", "fill"},
    "counted": {"impl", "count"},
    "limited": {"impl", "limit"},
}
QUESTIONS = Questions({name: frozenset(found) for name, found in MENTIONS.items()}, frozenset())
CHECKS = {"test_scale", "test_layer", "test_count", "test_limit"}
NONE: set[str] = set()


def reached(old: str, new: str, base: str = BASE) -> set[str]:
    """The checks that a replacement in the submission affects, and the same for the way back."""
    assert old in base
    before, now = (units_of(text.encode(), "base.py") for text in (base, base.replace(old, new)))
    there = affected(before, now, CHECKS, QUESTIONS)
    assert there == affected(now, before, CHECKS, QUESTIONS)
    return there


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("return x\n", "return  x  # a comment\n", NONE),
        ("def helper(x):", "\n\n\ndef helper(\n    x\n):", NONE),
        ('"""A submission."""', '"""Mine."""', NONE),
        ("alpha / r", "alpha * r", {"test_scale", "test_layer"}),
        ("* a @ b", "* b @ a", {"test_layer"}),
        ("return x\n", "return -x\n", {"test_layer"}),
        ("self.r = r", "self.r = r + 1", {"test_layer"}),
        ("return len(", "return 1 + len(", {"test_count"}),
        ("def count(model)", "def forgotten(x):\n    return x\n\n\ndef count(model)", NONE),
        ("def count(model)", "def list(x):\n    return x\n\n\ndef count(model)", {"test_count"}),
        # What two share by a variable reaches both.
        ("return LIMITS\n", 'LIMITS["r"] += 1\n    return LIMITS\n', CHECKS),
        ("return LIMITS\n", "return LIMITS.update(r=9)\n", {"test_limit"}),
    ],
)
def test_change_reaches_what_mentions_it(old, new, expected):
    assert reached(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import math\n", "import numpy as math\n"),
        ("import math\n", ""),
        ('{"r": 8}', '{"r": 9}'),
        ('NAME = "adapter"', 'NAME = "adaptor"'),
        ("def helper(x):", "@staticmethod\ndef helper(x):"),
        ("def helper(x):", "def helper(x=math.pi):"),
        ("def helper(x):", "def helper(x: Tensr):"),
        ("class Layer(torch.nn.Module):", "class Layer(torch.nn.Linear):"),
        ("    def merge(self):", "    merged = False\n\n    def merge(self):"),
        ("def count(model):", "if True:\n    pass\n\n\ndef count(model):"),
        ("def count(model):", "del helper\n\n\ndef count(model):"),
        # Nobody can tell whom these reach.
        ("return x\n", "return eval('x')\n"),
        ("return x\n", "return globals()['x']\n"),
        ("return x\n", "import sys\n    return sys.modules[__name__].scale(x)\n"),
        ("return x\n", "return x.__dict__\n"),
        ("return x\n", "global NAME\n    NAME = x\n    return x\n"),
        ("return x\n", "torch.set_default_dtype(x)\n    return x\n"),
        ("return x\n", "torch.manual_seed(0)\n    return x\n"),
        ("return x\n", "torch.nn.Linear.forward = None\n    return x\n"),
        ("return x\n", "math.memory[x] = 1\n    return x\n"),
        ("return x\n", "setattr(torch, 'x', x)\n    return x\n"),
        ("return x\n", "helper.calls = 1\n    return x\n"),
    ],
)
def test_in_doubt_everything_is_reached(old, new):
    assert reached(old, new) == CHECKS


def test_what_runs_while_loading_reaches_everything():
    base = BASE + "\n\nSTART = scale(1, 2)\n"
    assert reached("alpha / r", "alpha * r", base) == CHECKS
    assert reached("return -x" if "return -x" in base else "return x\n", "return 1\n", base) == {"test_layer"}


def test_moving_a_definition_below_its_use_reaches_everything():
    above, below = (
        units_of(text.encode(), "x.py")
        for text in ("def f():\n    return 1\nX = f()\n", "X = f()\ndef f():\n    return 1\n")
    )
    assert affected(above, below, CHECKS, QUESTIONS) == CHECKS


def test_second_definition_of_a_name_is_a_change():
    assert reached("def helper(x)", "def count(x):\n    return 0\n\n\ndef helper(x)") == {"test_count"}


def test_in_place_work_on_its_own_things_is_no_effect_on_others():
    body = "y = x.clone()\n    torch.nn.init.zeros_(y)\n    y[0] = 1\n    y.name = 2\n    return y\n"
    assert reached("return x\n", body) == {"test_layer"}


@pytest.mark.parametrize("text", ["def f(:\n", "return 1\n", "x = 'a\n", "nonlocal y\n"])
def test_what_python_would_not_compile_has_no_units(text):
    with pytest.raises(SyntaxError):
        units_of(text.encode(), "x.py")


def test_questions_are_read_from_checks_and_probes_but_not_from_the_oracle(lesson):
    exercise = read_exercise(lesson.root / "exercises/vectors", lesson.root)
    questions = questions_of(exercise)
    assert {"scaled", "x"} <= questions.mentions["scaled"]
    assert {"ask", "scaled"} <= questions.mentions["test_value"]
    assert "multiply" not in str(questions)
    assert questions.unforeseeable == frozenset()


@pytest.mark.parametrize(
    "line", ["getattr(impl, name)", "vars(impl)", "dir(impl)", "globals()", "impl.__dict__", "inspect.getmembers(impl)"]
)
def test_probe_that_looks_for_names_is_unforeseeable(lesson, line):
    path = lesson.root / "exercises/vectors/probes.py"
    path.write_text(path.read_text() + f"\n\ndef strange(impl, name):\n    return {line}\n")
    questions = questions_of(read_exercise(path.parent, lesson.root))
    assert questions.unforeseeable == {"strange"}
    mentions = {**questions.mentions, "test_any": frozenset(["strange"])}
    before, now = (units_of(text.encode(), "x.py") for text in ("def f():\n    pass\n", "def f():\n    return\n"))
    assert affected(before, now, {"test_any", "test_mean"}, Questions(mentions, questions.unforeseeable)) == {
        "test_any"
    }


def test_probe_that_looks_at_something_else_is_not(lesson):
    path = lesson.root / "exercises/vectors/probes.py"
    path.write_text(
        path.read_text() + "\n\ndef plain(impl, dtype):\n    return getattr(np, dtype), getattr(impl, 'a')\n"
    )
    assert questions_of(read_exercise(path.parent, lesson.root)).unforeseeable == frozenset()


def test_every_function_of_a_file_is_a_unit():
    names = {node.name for node in ast.parse(BASE).body if hasattr(node, "name")}
    assert set(units_of(BASE.encode(), "base.py").definitions) == names
