"""`grader.notebook` in a real kernel: checks and hints for whoever works in a notebook."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import kernel
import pytest

SETUP = "import grader.notebook as g"
RIGHT = "def scaled(x, factor):\n    return x * factor"
MEAN = "def mean(x):\n    if not len(x):\n        raise ValueError\n    return float(x.sum() / len(x))"
CHILDREN = (
    "import pathlib, sys\nprint(*(path.read_text() for path in pathlib.Path('/proc/self/task').glob('*/children')))"
)
CELLS = {
    "set up": SETUP,
    "open": 'def scaled(x, factor):\n    raise NotImplementedError("vectors.1")',
    "check open": 'g.check("vectors.1")',
    "wrong": "def scaled(x, factor):\n    raise KeyError('<b>\\x1b[2J&')",
    "check wrong": 'g.check("vectors.1")',
    "half": "def scaled(x, factor):\n    return x * abs(factor)",
    "check half": 'points = g.check("vectors.1")\npoints',
    "type": "print(type(points).__name__, type(points) is float)",
    "no python": "def scaled(x, factor):\n    return x *",
    "check last that ran": 'g.check("vectors.1")',
    "right": f"%%time\n{RIGHT}\nwhile_training = [scaled(1, 2) for _ in range(3)]",
    "check right": '%time\ng.check("vectors.1")',
    "check next": 'g.check("vectors.2")',
    "mean": MEAN,
    "check mean": 'g.check("vectors.2")',
    "hint": 'g.hint("vectors.2")',
    "next hint": 'g.hint("vectors.2")',
    "last hint": 'g.hint("vectors.2")',
    "unknown": 'g.check("vectors.3")',
    "unknown hint": 'g.hint("vector.1")',
    "processes": CHILDREN,
    "modules": "print(sorted({'torch', 'transformers', 'peft', 'hypothesis'} & set(sys.modules)))",
}


@pytest.fixture(scope="module")
def ran(make_lesson, tmp_path_factory):
    """What each of these cells put out."""
    scratch = tmp_path_factory.mktemp("notebook")
    outputs = kernel.run(list(CELLS.values()), make_lesson(scratch).root / "exercises/vectors", scratch)
    return dict(zip(CELLS, outputs, strict=True))


def value(outputs) -> str:
    """What nbgrader reads as the points of a cell."""
    (result,) = [output for output in outputs if output.output_type == "execute_result"]
    return result.data["text/plain"]


def test_open_hole_is_not_started(ran):
    assert kernel.said(ran["check open"]).splitlines()[:2] == [
        "  vectors.1 scaled                                                       0 of 2",
        "    .  not started (about 3 minutes)",
    ]
    assert value(ran["check open"]) == "0.0"


def test_message_is_that_of_the_command_and_says_which_cells_it_is_about(ran):
    told = kernel.said(ran["check half"])
    assert "    x  every element is multiplied by the factor" in told
    assert "called    `scaled(x, factor)`" in told
    assert "hint      look at one element" in told
    assert "taken from cell 6" in told


def test_value_is_a_plain_number(ran):
    assert value(ran["check half"]) == "0.5"
    assert kernel.said(ran["type"]) == "float True"


def test_what_a_submission_says_is_escaped(ran):
    shown = kernel.html(ran["check wrong"])
    assert "KeyError: &#x27;&lt;b&gt;" in shown
    assert not re.search(r"<b>\W|\x1b", shown)
    assert "\x1b" not in kernel.said(ran["check wrong"])


def test_box_says_what_the_text_says(ran):
    for name, sign in (("check half", "x"), ("check right", "+")):
        shown = kernel.html(ran[name])
        assert f"<code>{sign}</code>" in shown
        assert "every element is multiplied by the factor" in shown
    assert "All public checks of this task pass. Hidden checks try other inputs" in kernel.html(ran["check right"])


def test_last_definition_that_ran_counts(ran):
    assert value(ran["check last that ran"]) == "0.5"
    assert value(ran["check right"]) == "2.0"


def test_what_no_cell_defines_is_not_started(ran):
    assert "not started (about 5 minutes)" in kernel.said(ran["check next"])
    assert value(ran["check mean"]) == "4.0"


def test_hints_are_staged(ran):
    assert kernel.said(ran["hint"]) == (
        "vectors.2 mean, hint 1 of 3:\n\nHow many elements are there?\n\nAsk again for the next one."
    )
    assert "hint 2 of 3:\n\nThe sum divided by n." in kernel.said(ran["next hint"])
    assert kernel.said(ran["last hint"]) == "vectors.2 mean, hint 3 of 3:\n\nRead about reductions."


def test_mistyped_task_is_one_line(ran):
    for name, wrong, near in (
        ("unknown", "vectors.3", "`vectors.2` or `vectors.1`"),
        ("unknown hint", "vector.1", "`vectors.1` or `vectors.2`"),
    ):
        (error,) = ran[name]
        assert error.output_type == "error"
        assert error.traceback == [f"grader: no task is called `{wrong}`; did you mean {near}?"]


def test_nothing_is_written_to_standard_error(ran):
    streams = {output.name for outputs in ran.values() for output in outputs if output.output_type == "stream"}
    assert streams == {"stdout"}


def test_kernel_loads_no_library_for_the_grader(ran):
    assert kernel.said(ran["modules"]) == "['hypothesis']"


def test_processes_end_with_the_kernel(ran):
    left = kernel.said(ran["processes"]).split()
    assert left
    for _ in range(100):  # they notice that it is gone
        left = [pid for pid in left if Path(f"/proc/{pid}").exists()]
        if not left:
            break
        time.sleep(0.1)
    assert left == []


def test_outside_of_a_notebook_it_says_what_to_do(lesson):
    code = 'import grader.notebook as g; g.check("vectors.1")'
    environment = os.environ | {"PYTHONPATH": str(kernel.REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=lesson.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("NotChecked: this is no notebook; run `grader check` instead\n")
