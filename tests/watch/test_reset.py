"""A task goes back to its stub, and nothing else does."""

import pytest

from grader.errors import UsageError
from grader.watch.reset import holes_of, reset_task

STUB = '''import math


def scale(a):
    """A factor."""
    # TODO(x.1): divide (about 1 line)
    raise NotImplementedError("x.1")


class Layer:
    @property
    def merged(self):
        # TODO(x.2): tell
        raise NotImplementedError("x.2")

    def forward(self, x):
        if self.merged:
            # TODO(x.3): less
            raise NotImplementedError("x.3")
        # TODO(x.2): more
        raise NotImplementedError("x.2")
'''
WORK = '''import math
import os  # mine


def helper():  # mine
    return 1


def scale(a):
    """My words."""
    return a * helper()


class Layer:
    @property
    # wrong?
    def merged(self):
        known = True

        return known

    def forward(self, x):
        return x

    def mine(self):
        return 2
'''


def test_only_the_functions_of_the_task_are_replaced():
    reset = reset_task(WORK, STUB, "x.1")
    assert (reset.functions, reset.also) == (("scale",), ())
    assert reset.text == WORK.replace(
        '"""My words."""\n    return a * helper()', STUB[STUB.index('"""A fac') :].split("\n\n")[0]
    )


def test_function_with_holes_of_two_tasks_is_told():
    reset = reset_task(WORK, STUB, "x.3")
    assert (reset.functions, reset.also) == (("Layer.forward",), ("x.2",))
    assert "return known" in reset.text
    assert holes_of(reset.text) == {"x.2", "x.3"}


def test_decorators_and_several_functions_go_back_together():
    reset = reset_task(WORK, STUB, "x.2")
    assert reset.functions == ("Layer.merged", "Layer.forward")
    assert reset.text.count("@property") == 1
    assert "def mine(self):\n        return 2\n" in reset.text
    assert reset.text.split("class Layer:")[1].startswith(STUB.split("class Layer:")[1].rstrip())


def test_ends_of_lines_stay_as_they_are():
    work = WORK.replace("\n", "\r\n").replace("# mine", "# mine \f", 1)
    reset = reset_task(work, STUB, "x.1")
    assert reset.text.replace("\r\n", "") == reset_task(
        WORK.replace("# mine", "# mine \f", 1), STUB, "x.1"
    ).text.replace("\n", "")
    assert reset.text.count("\r\n") == reset.text.count("\n")


def test_untouched_stub_stays_as_it_is():
    for task in ("x.1", "x.2", "x.3"):
        assert reset_task(STUB, STUB, task).text == STUB


@pytest.mark.parametrize(
    ("work", "why"),
    [
        ("def scale(:\n", "the file has a syntax error: mend it first, or the functions cannot be found in it"),
        ("x = 1\n", "no function of x.1 is left in the file; copy it from a fresh stub"),
    ],
)
def test_file_without_the_function_cannot_be_reset(work, why):
    with pytest.raises(UsageError, match=why):
        reset_task(work, STUB, "x.1")


def test_holes_are_those_of_tasks():
    assert holes_of(STUB) == {"x.1", "x.2", "x.3"}
    assert holes_of("def f():\n    raise NotImplementedError\n") == set()
    assert holes_of("def f(") == set()


def test_method_that_would_not_fit_its_class_is_not_reset():
    stub = 'class A:\n    def f(self):\n        raise NotImplementedError("v.1")\n'
    mine = "class A:\n  def f(self):\n    return 2\n\n  def g(self):\n    return 1\n"
    with pytest.raises(UsageError, match="indented otherwise"):
        reset_task(mine, stub, "v.1")
