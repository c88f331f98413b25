"""What is taken of a notebook, whatever its student did to the cells. Nothing here grades: the module is looked at.

The exercise is a tiny one: `double` and `Box` have holes, `half` and `FACTOR` are given.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebooks import code, notebook, text, top_level

from grader.cells.places import place_of
from grader.cells.reading import Cell, read_cells
from grader.cells.slicing import Made, module_of
from grader.errors import UsageError

STUB = '''"""Two holes."""

import math

FACTOR = 2


def half(x):
    return x / FACTOR


def double(x):
    # TODO(tiny.1)
    raise NotImplementedError("tiny.1")


class Box:
    def __init__(self, x):
        self.x = x

    def area(self):
        raise NotImplementedError("tiny.2")
'''
IMPORT, FACTOR, HALF, OPEN_DOUBLE, OPEN_BOX = top_level(STUB)[1:]
DOUBLE = OPEN_DOUBLE.replace('raise NotImplementedError("tiny.1")', "return FACTOR * x")
BOX = OPEN_BOX.replace('raise NotImplementedError("tiny.2")', "return math.pow(self.x, 2)")
PARTLY = DOUBLE.replace("return", "if x == 21: return") + OPEN_DOUBLE[OPEN_DOUBLE.rindex("\n") :]
WRONG = DOUBLE.replace("FACTOR", "3")
GIVEN = [IMPORT, FACTOR, HALF]


def solution(source: str, name: str) -> Cell:
    return Cell(source, grade_id=f"tiny-{name}")


def made(*cells: Cell | str, ran: bool = False) -> Made:
    return module_of([cell if ran or isinstance(cell, Cell) else Cell(cell) for cell in cells], "tiny", STUB)


def load(module: Made) -> dict[str, object]:
    names: dict[str, object] = {"__name__": "tiny"}
    exec(compile(module.source, "tiny.py", "exec", dont_inherit=True), names)
    return names


def doubled(*cells: Cell | str, ran: bool = False) -> object:
    return load(made(*cells, ran=ran))["double"](21)


HABITS = {
    "as it was given out": [*GIVEN, solution(DOUBLE, "double")],
    "without nbgrader's names": [*GIVEN, DOUBLE],
    "one cell": ["\n".join([*GIVEN, DOUBLE, BOX])],
    "from bottom to top": [solution(BOX, "Box"), solution(DOUBLE, "double"), *reversed(GIVEN)],
    "given cells deleted": [solution(DOUBLE, "double")],
    "a copy of the untouched stub below": [solution(DOUBLE, "double"), solution(OPEN_DOUBLE, "double")],
    "a copy of the untouched stub above": [solution(OPEN_DOUBLE, "double"), DOUBLE],
    "a stub run again at the end": [DOUBLE, OPEN_DOUBLE],
    "an experiment below the solution": [solution(DOUBLE, "double"), WRONG],
    "answered below the solution cell": [solution(OPEN_DOUBLE, "double"), WRONG, DOUBLE],
    "solved twice": [WRONG, DOUBLE],
    "copied with its name": [solution(WRONG, "double"), solution(DOUBLE, "double")],
    "the hole left below the answer": [solution(f'{DOUBLE}\n    raise NotImplementedError("tiny.1")', "double"), WRONG],
    "begun above an untouched copy": [PARTLY, solution(OPEN_DOUBLE, "double")],
    "begun, and less so below": [PARTLY, PARTLY.replace("== 21", "== 1") + PARTLY[PARTLY.rindex("\n") :]],
    "merged with its check": [Cell(f'{DOUBLE}\n\ng.check("tiny.1")', grade_id="tiny-1")],
    "made a text by mistake": [Cell(DOUBLE, "text", "tiny-double")],
    "made a text, of another": [Cell("No idea.", "text", "tiny-double"), DOUBLE],
    "split": ["FACTOR = 1", "FACTOR += 1", DOUBLE],
    "magics around": ["%matplotlib inline\n!pip install torch\nFACTOR = 2\nls = !ls", "%%time\n" + DOUBLE, "double?"],
    "a magic in a function": [DOUBLE.replace("    return", "    %timeit x\n    !ls\n    return")],
    "a command over lines": ["!pip install \\\n   torch it's\n" + DOUBLE],
    "no magics in a text": ["%time 1\n" + DOUBLE.replace("# TODO(tiny.1)", '"""\n! no\n% no\n"""')],
    "no magics where a line goes on": ["%time 1\n" + DOUBLE.replace("*", "\\\n* (\n9\n% 8) *")],
    "a modulo over lines": ["%time 1\nFACTOR = (8\n% 3)\n" + DOUBLE],
    "a cell of a shell": ["%%bash\ndef double(x):\n  return 1", DOUBLE],
    "pasted with its indentation": ["    def double(x):\n        return 2 * x"],
    "prints and a training run": [DOUBLE, "for step in range(10**12):\n    print(double(step))", "while True: pass"],
    "a download": ["from datasets import load_dataset\ndata = load_dataset('x')", DOUBLE, "data[0]"],
    "a package that is not there": ["import math, nowhere", BOX, "def double(x): return int(Box(x).area()) // x * 2"],
    "a name that is not there": ["from operator import mul, nothing", "def double(x): return mul(2, x)"],
    "data called like the function": [DOUBLE, "double = list(map(double, range(9)))", "double = double(2)"],
    "data split into names": [DOUBLE, "double, rest = [1, 2]", "for double in range(3): pass"],
    "a helper of their own": ["def times(a, b): return a * b", "def double(x):\n    return times(x, TWO)", "TWO = 2"],
    "a helper that hides a loop variable": ["x = 5", "for i in range(3): x = i", "def double(x):\n    return x + x"],
    "a lambda": ["double = lambda x: 2 * x"],
    "made of another": ["import functools\ndef times(a, b): return a * b", "double = functools.partial(times, 2)"],
    "mended by a wrapper": [solution(WRONG, "double"), "def mend(f): return lambda x: f(x) / 3 * 2",
                            "double = mend(double)"],
    "another name": ["def mine(x):\n    return 2 * x", "double = mine", solution(OPEN_DOUBLE, "double")],
    "made by a decorator": ["import functools", WRONG.replace("3", "2"), "double = functools.cache(double)"],
    "decorated on the next line": ["import functools\n@(\n    functools.cache)\n" + DOUBLE],
    "decorated": ["import functools\n@functools.cache\n@functools.wraps(\n    half)\n" + DOUBLE],
    "a wrapper over the last": [WRONG, "old = double\ndef double(x): return old(x) / 3 * 2"],
    "defined where it may fail": ["try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n" + DOUBLE],
    "defined under a condition": ["if True:\n    def double(x):\n        return 2 * x\nelse:\n    double = None"],
    "under `__main__`": ["if __name__ == '__main__':\n    TWO = 2\n    print(TWO)\ndef double(x): return TWO * x"],
    "under `__main__` on a line": ["if __name__ == '__main__': ONE = 1; TWO = 2\ndef double(x): return TWO * x"],
    "on one line": ["FACTOR = 4; FACTOR //= 2; print(FACTOR)\ndef double(x): return FACTOR * x"],
    "constants made by a call": ["def make(): return {}", "TABLE = make()", "TABLE['one'] = 1", "TABLE.update(two=2)",
                                 "def double(x): return TABLE['two'] * TABLE['one'] * x"],
    "constants below": ["def double(x, two=TWO): return two * x", "TABLE = {}", "TABLE['a'] = 2", "TWO = TABLE['a']"],
    "constants below, in a row": ["TWOS = [TWO * 1 for _ in 'ab']", "TWO = 2", "def double(x): return TWOS[1] * x"],
    "only a type below": ["TWO = 2", "TWO: int", "def double(x): return TWO * x"],
    "a loop without end over a constant": ["TWO = 2", "while True: TWO = 3", "def double(x): return TWO * x"],
    "a broken helper below": ["def two(): return 2", "def two(:\n  pass", "def double(x): return two() * x"],
    "a helper built on the untouched stub": [OPEN_BOX, "class Cube(Box): pass", BOX,
                                             "def double(x): return Cube(x).area() / x * 2"],
    "a table made by a loop": ["TABLE = {}", "for n in range(3):\n    TABLE[n] = half(4 * n)\nprint(TABLE)",
                               "def double(x): return TABLE[1] * x"],
    "a counter": ["CALLS = 0", "def double(x):\n    global CALLS\n    CALLS += 1\n    return (CALLS + 1) * x"],
    "a list that a run fills": ["SEEN = []", "for n in range(10**12):\n    SEEN.append(double(n))",
                                "def double(x):\n    SEEN.append(x)\n    return 2 * x"],
    "only checked types": ["from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nowhere import X",
                           "from __future__ import annotations\ndef double(x: X) -> X:\n    return 2 * x"],
    "several parts of a package": ["import os.path\nimport os", "import xml.dom\nimport xml.sax",
                                   "def double(x):\n    return (xml.sax and xml.dom and 2) * x"],
    "names from everywhere": ["from math import *", "def double(x): return int(ldexp(x, 1))"],
    "a wait at the top": ["import asyncio\nawait asyncio.sleep(1)\ndone = await asyncio.sleep(1)\n" + DOUBLE],
    "a broken cell beside it": [DOUBLE, "def other(:\n  pass"],
    "a broken copy below": [DOUBLE, "def double(x):\n    return (2 * x"],
    "lines of Windows": [DOUBLE.replace("\n", "\r\n")],
    "lines of old": [DOUBLE.replace("\n", "\r")],
    "half a letter": [DOUBLE + "\nprint('\ud800')"],
}  # fmt: skip


@pytest.mark.parametrize("cells", HABITS.values(), ids=HABITS)
def test_the_answer_is_taken(cells):
    assert doubled(*cells) == 42


CLASSES = {
    "plain": [*GIVEN, BOX],
    "patched": [BOX, "def add(self, y):\n    return self.x + y", "Box.add = add"],
    "patched above": ["Box.area = lambda self: self.x ** 2", OPEN_BOX],
    "extended": [OPEN_BOX, "class Box(Box):\n    def area(self):\n        return self.x ** 2"],
    "across cells": [BOX.replace("Box", "Base"), "class Box(Base):\n    pass"],
    "its base below": ["class Box(Base):\n    pass", BOX.replace("Box", "Base")],
    "patched by a decorator": [OPEN_BOX, "def add_to(cls):\n    return lambda f: setattr(cls, f.__name__, f)",
                               "@add_to(Box)\ndef area(self):\n    return self.x ** 2"],
    "patched by a kind that it registers": [
        BOX.replace("math.pow(self.x, 2)", "square(self.x)"),
        "import functools\n@functools.singledispatch\ndef square(x): raise TypeError",
        "@square.register\ndef _(x: int): return x * x",
        "@square.register(str)\ndef _(x): return x",
    ],
    "by a loop": [OPEN_BOX, "for name in ['area']:\n    setattr(Box, name, lambda self: self.x ** 2)"],
    "used": [solution(BOX, "Box"), "box = Box(3); box.area = None", "Box(2).area()"],
    "annotated in a circle": ["from __future__ import annotations\nclass Base:\n    def to(self, box: Box): return box",
                              BOX.replace("class Box:", "class Box(Base):")],
    "with a constant made by the exercise": ["TWO = double(1)", DOUBLE, BOX.replace("2)", "TWO)")],
    "rewritten": [BOX.replace("2)", "3)"), "Box.area = lambda self: 0", BOX],
}  # fmt: skip


@pytest.mark.parametrize("cells", CLASSES.values(), ids=CLASSES)
def test_a_class_comes_with_what_changes_it(cells):
    assert load(made(*cells))["Box"](3).area() == 9


def test_what_no_cell_defines_is_the_stubs():
    module = made(solution(DOUBLE, "double"))
    names = load(module)
    assert names["half"](4) == 2
    with pytest.raises(NotImplementedError, match=r"tiny\.2"):
        names["Box"](3).area()
    assert module.taken == {"double": "cell 1"}
    assert module.account == "taken from cell 1"
    assert module.notes == ("no cell defines `Box`: the stub's counts",)


def test_of_what_has_run_the_last_counts():
    assert doubled(DOUBLE, WRONG, ran=True) == 63
    assert doubled(WRONG, DOUBLE, "def double(", ran=True) == 42
    for cells in [(DOUBLE, OPEN_DOUBLE), (OPEN_DOUBLE, "def double(")]:
        with pytest.raises(NotImplementedError):
            doubled(*cells, ran=True)


def test_what_was_not_run_yet_is_said():
    assert made("import math", ran=True).notes == (
        "no cell that was run defines `double` and `Box`: the stub's counts",
    )


def test_an_imported_function_is_one():
    assert load(made("from math import ceil as double"))["double"] is math.ceil


def test_a_run_is_left_out_even_where_a_function_leans_on_it():
    """As it is where `model` is meant to be an argument, which a notebook never notices."""
    module = made(
        "def train(x):\n    return double(x)", "model = train(2)", "def double(x):\n    return model", "model.fit()"
    )
    with pytest.raises(NameError, match="model"):
        load(module)["double"](21)
    assert "`model` gets its value by what runs in cell 2, which was left out" in " ".join(module.notes)


def test_constants_may_be_made_by_the_exercise():
    assert doubled("TWO = half(4)", "def double(x):\n    return TWO * x") == 42
    assert doubled("def two(): return 2", "TWO = two()", "def double(x):\n    return TWO * x") == 42


def test_what_is_said():
    module = made(
        "import math",
        "%matplotlib inline",
        FACTOR,
        solution(DOUBLE, "double"),
        WRONG,
        Cell("# Results", "text"),
        BOX,
        "print(double(3))",
        Cell("raise SystemExit", grade_id="tiny-1"),
        "data = open('x')",
        "(",
    )
    assert module.account == "taken from cells 1, 3, 4 and 7; what runs besides was left out (cells 2, 8 and 10)"
    assert module.notes == (
        "`double` of cell 4, the solution cell, counts, not that of cell 5 below it",
        "cell 11, line 1: '(' was never closed; what it defines was not taken",
    )
    assert module.taken == {"FACTOR": "cell 3", "double": "cell 4", "Box": "cell 7"}


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("def double(x):\n    return (2 * x", "cell 2, line 2"),
        ("x = 1\n\ndef double(x)\n    return 2", "cell 2, line 3"),
        ("def double(x, x):\n    return 2", "cell 2, line 1"),
        ("\n\n!ls\ndef double(x):\n    return ]", "cell 2, line 5"),
    ],
)
def test_a_broken_cell_costs_what_it_defines_and_says_where(cell, place):
    module = made(BOX, cell)
    names = load(module)
    assert names["Box"](3).area() == 9
    with pytest.raises(SyntaxError) as caught:
        names["double"](21)
    assert place_of(module.source.encode(), caught.tb.tb_next.tb_lineno) == place
    assert any(note.startswith(f"{place}: ") for note in module.notes)


def test_a_broken_class_is_a_class_still():
    names = load(made("class Box:\n    def area(self:\n        return 1"))
    assert not isinstance(1, names["Box"])
    with pytest.raises(SyntaxError):
        names["Box"](3)


def test_a_line_leads_to_its_cell():
    module = made(f"\n\n{IMPORT}", "%%time\n\n" + BOX + "\n\n\nx = 1;  " + "FACTOR = 2")
    lines = module.source.split("\n")
    places = {line.strip(): place_of(module.source.encode(), number) for number, line in enumerate(lines, start=1)}
    assert places["import math"] == "cell 1, line 3"
    assert places["return math.pow(self.x, 2)"] == "cell 2, line 8"
    assert places["FACTOR = 2"] == "cell 2, line 11"
    assert places['raise NotImplementedError("tiny.1")'] == "the stub, line 14"
    assert place_of(STUB.encode(), 3) == ""


@given(st.data())
def test_the_way_an_answer_is_cut_into_cells_changes_nothing(data):
    """Whole statements in any order, in cells of any size, with runs and text between them."""
    parts = data.draw(st.permutations([IMPORT, FACTOR, HALF, DOUBLE, BOX, "class Cube(Box):\n    pass", "Cube.n = 3"]))
    cells: list[Cell | str] = []
    while parts:
        size = data.draw(st.integers(1, len(parts)))
        cells.append("\n".join(parts[:size]))
        del parts[:size]
        cells += data.draw(
            st.lists(st.sampled_from(["print(double(1))", "%time double(1)", "!ls", "", Cell("# a", "text")]))
        )
    names = load(made(*cells))
    assert names["double"](21) == 42
    assert names["half"](4) == 2
    assert names["Box"](3).area() == 9


NOTEBOOKS = {
    "format 4": notebook([text("# a"), code(DOUBLE, "tiny-double")]),
    "a list of lines": notebook([text("# a"), code(DOUBLE.splitlines(keepends=True), "tiny-double")]),
    "format 3": notebook([], nbformat=3, worksheets=[{"cells": [text("# a"), code("", "tiny-double", input=DOUBLE)]}]),
    "a mark of its encoding": b"\xef\xbb\xbf" + notebook([text("# a"), code(DOUBLE, "tiny-double")]),
    "numbers of Python's": notebook(
        [text("# a"), code(DOUBLE, "tiny-double", outputs=[float("nan"), 'say "NaN"', -float("inf")])]
    ),
}


@pytest.mark.parametrize("content", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_notebook_is_read(content):
    assert read_cells(content, "a.ipynb") == [Cell("# a", "text"), Cell(DOUBLE, grade_id="tiny-double")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"def double(x): pass", "is not a notebook, or a broken one (JSON is malformed: invalid character (byte 0))"),
        (notebook([code(DOUBLE)])[:-20], "is not a notebook, or a broken one (Input data was truncated)"),
        (b"[1]", "is not a notebook (Expected `object`, got `array`)"),
        (b"{}", "is not a notebook (Object missing required field `nbformat`)"),
        (b'{"nbformat": 4, "x": ' + b"[" * 500_000, "is not a notebook (it is nested too deep)"),
        (notebook([code(5)]), "is not a notebook (Expected `str | array`, got `int` - at `$.cells[0].source`)"),
        (notebook([code("x")], nbformat=2), "is a notebook of format 2; save it anew, as format 4"),
        (notebook([text("# a"), code(" ")]), "is a notebook without any code"),
        (notebook([code("x")] * 10_001), "holds more than 10000 cells; hand in the exercise's alone"),
        (notebook([code("x = 1\n" * 100_000)]), "holds more than 256 KiB of code; hand in the exercise's alone"),
        (notebook([code("x;" * 10_001)]), "holds more than 10000 lines of code; hand in the exercise's alone"),
        (
            notebook([code("x")], metadata={"kernelspec": {"language": "R"}}),
            "is a notebook for another language than Python ('R')",
        ),
        (notebook([code("\ud800")]), "is not a notebook, or a broken one (JSON is malformed: "),
        (notebook([code("y")]).replace(b"y", b"\xff"), "is not UTF-8 text; save the notebook anew"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_said(content, problem):
    with pytest.raises(UsageError) as caught:
        read_cells(content, "a.ipynb")
    assert str(caught.value).startswith(f"a.ipynb: {problem}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "x" + ".a" * 100_000,
        "-" * 100_000 + "1",
        "1" + "+1" * 100_000,
        "(" * 300 + ")" * 300,
        "x = '''",
        "%time (\n'''\n\"\"\"",
        "# coding: utf-7\n+AGE-",
        "x = '\0'",
        "x = '\ud800'",
        "\f\x0b\u2028x = 1",
        "def f():\n" + " return 1\n" * 100,
        "class 1:\n  pass\ndef if(x): pass",
        "@(\n0)\ndef f(): pass",
        "match 1:\n case [*x]: y = x\n case {'a': z, **w}: pass",
        "def double(x: (y := 1), *, z=[w for w in ()]): pass",
        "%%",
        "%%time",
        "!\\",
        "global x; nonlocal y",
        "x: int",
        "del double",
        "from . import *",
        "import a.b.c as d, e",
        "lambda: (yield)",
        "a = b = c.d = e[0] = f",
    ],
)
def test_nothing_that_a_cell_holds_gets_in_the_way(source):
    module = made(source, DOUBLE, source)
    assert isinstance(compile(module.source, "tiny.py", "exec", dont_inherit=True), object)
    assert module.source.encode("utf-8")


@given(st.text(alphabet="x=1:()[]'\"\\\n %!?#@,.{}ab", max_size=60))
def test_any_text_is_cut(source):
    made(source, DOUBLE)
