"""Notebooks are found, read and chosen as .py files are, in every download."""

import io
import tracemalloc
import zipfile

import pytest
from downloads import BUILDERS, LORA, Content, tree, zip_bytes, zip_file
from notebooks import code, notebook
from reading import ONE, OTHER, THREE, by_key, hand_in, line, outcomes

from grader.catalog import Stub
from grader.errors import UsageError
from grader.intake import FORMATS, open_submissions, read_hand_in
from grader.intake.wanted import Wanted

STUB = 'def lora():\n    raise NotImplementedError("lora.1")\n'


@pytest.fixture
def stubs(tmp_path_factory):
    """The stub of each exercise."""
    root = tmp_path_factory.mktemp("stubs")
    for name in THREE:
        (root / f"{name}.py").write_text(STUB)
    return {name: Stub(root / f"{name}.py", STUB) for name in THREE}


def as_notebooks(files: dict[str, Content]) -> dict[str, Content]:
    """The same download of a class that works in notebooks."""
    changed: dict[str, Content] = {}
    for name, content in files.items():
        if name.endswith(".py") and isinstance(content, str) and content.startswith(LORA):
            changed[f"{name.removesuffix('.py')}.ipynb"] = notebook([code(content)])
        elif name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inner = {one: archive.read(one).decode() for one in archive.namelist() if "__MACOSX" not in one}
            changed[name] = zip_bytes(as_notebooks(inner))
        else:
            changed[name] = content
    return changed


@pytest.mark.parametrize("name", FORMATS)
def test_a_class_of_notebooks_is_a_class_like_any_other(tmp_path, stubs, name):
    files = BUILDERS[name]()
    with open_submissions(tree(tmp_path / "py", files), ONE) as intake:
        expected = {key: outcome.startswith("def lora()") for key, outcome in outcomes(intake).items()}
    with open_submissions(tree(tmp_path / "ipynb", as_notebooks(files)), ONE, stubs=stubs) as intake:
        assert intake.format == name
        found = outcomes(intake)
    assert {key: "\ndef lora():\n    return 1\n" in outcome for key, outcome in found.items()} == expected


@pytest.mark.parametrize("names", [["lora.ipynb"], ["lora/lora.ipynb"], ["Lora (2).IPYNB"], ["hw.ipynb", "notes.txt"]])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_notebook_is_found(tmp_path, stubs, names, zipped):
    files = dict.fromkeys(names, notebook([code(LORA)]))
    sources, notes = hand_in(tmp_path, zip_bytes(files) if zipped else files, stubs=stubs)
    assert "def lora():\n    return 1" in sources["lora"]
    assert any(note.endswith(f"{names[0]}: taken from cell 1") for note in notes)


@pytest.mark.parametrize(
    ("files", "source", "note"),
    [
        ({"lora.py": OTHER, "lora.ipynb": "{}"}, OTHER, "also holds lora.ipynb, which was ignored"),
        ({"lora.py": STUB, "lora.ipynb": notebook([code(LORA)])}, LORA, "lora.ipynb: taken from cell 1"),
        ({"lora.py": STUB + "\n\n", "work/hw.py": "", "lora-1.ipynb": notebook([code(LORA)])}, LORA, "also holds"),
        ({"lora.py": STUB, "lora.ipynb": "{}"}, STUB, "lora.ipynb: is not a notebook (Object missing required field"),
        ({"lora.ipynb": "{}", "lora-1.ipynb": notebook([code(LORA)])}, LORA, "2 versions of lora.ipynb; the latest"),
        ({"hw.ipynb": notebook([code(LORA)])}, LORA, "hw.ipynb was taken as lora.ipynb"),
        ({"hw.ipynb": "{}", "lora.ipynb": notebook([code(LORA)])}, LORA, "also holds hw.ipynb, which was ignored"),
    ],
)  # fmt: skip
def test_a_choice_is_said(tmp_path, stubs, files, source, note):
    sources, notes = hand_in(tmp_path, files, stubs=stubs)
    assert source in sources["lora"]
    assert any(note in said for said in notes), notes


def test_nothing_is_said_twice_or_taken_back(tmp_path, stubs):
    """A notebook beside the stub is not ignored, whatever the names alone look like."""
    _, notes = hand_in(tmp_path, {"lora.py": STUB, "lora.ipynb": notebook([code(LORA)])}, stubs=stubs)
    assert [note.rpartition("/")[2] for note in notes] == ["lora.ipynb: taken from cell 1"]


def test_of_two_notebooks_none_is_chosen_unless_they_hold_the_same(tmp_path, stubs):
    drawn = notebook([code(LORA, outputs=["plot"])])
    files = {"one/lora.ipynb": notebook([code(LORA)]), "two/lora.ipynb": drawn}
    assert "return 1" in hand_in(tmp_path / "a", files, stubs=stubs)[0]["lora"]
    files["two/lora.ipynb"] = notebook([code("def lora():\n    return 2")])
    assert "two/lora.ipynb: which is lora.ipynb? keep one" in hand_in(tmp_path / "b", files, stubs=stubs)[0]["error"]


def test_what_was_drawn_and_counted_makes_no_other_source(tmp_path, stubs):
    """So a notebook that was run once more is known to the store."""
    cells = {"a": code(LORA), "b": code(LORA, outputs=[{"png": "x" * 9}], execution_count=7, attachments={"a": {}})}
    files = {f"{name}/lora.ipynb": notebook([cell], metadata={"run": name}) for name, cell in cells.items()}
    with open_submissions(tree(tmp_path / "class", files), ONE, stubs=stubs) as intake:
        assert len(set(outcomes(intake).values())) == 1


def test_several_exercises_come_from_files_and_notebooks(tmp_path, stubs):
    files = {"lora.py": LORA, "rest.zip": zip_bytes({"ptuning/ptuning.ipynb": notebook([code(LORA)])})}
    assert set(hand_in(tmp_path, files, THREE, stubs=stubs)[0]) == {"lora", "ptuning"}


HOSTILE = {
    "no notebook": (b"{}", "is not a notebook (Object missing required field `nbformat`)"),
    "no JSON": (b"\0" * 100, "is not a notebook, or a broken one (JSON is malformed: invalid character (byte 0))"),
    "empty": (b"", "is empty"),
    "deep": (b'{"nbformat": 4, "x": ' + b"[" * 3_000_000, "is not a notebook (it is nested too deep)"),
    "too large": (b" " * (33 * 1024 * 1024), "is larger than 32 MiB"),
    "half a letter": (notebook([code("x = '\ud800'")]), "is not a notebook, or a broken one (JSON is malformed: "),
    "no code": (notebook([]), "is a notebook without any code"),
    "much code": (notebook([code("[" * 600_000)]), "holds more than 256 KiB of code"),
    "many cells": (notebook([code("x")] * 20_000), "holds more than 10000 cells"),
    "many statements": (notebook([code("x=1;" * 20_000)]), "holds more than 10000 lines"),
}


@pytest.mark.parametrize(("content", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_notebook_costs_its_owner_a_line(tmp_path, stubs, content, problem):
    files = {"a/lora.ipynb": content, "b/lora.ipynb": notebook([code(LORA)])}
    with open_submissions(tree(tmp_path / "class", files), ONE, stubs=stubs) as intake:
        found = outcomes(intake)
    assert f"lora.ipynb: {problem}" in found["a"]
    assert "return 1" in found["b"]


@pytest.mark.parametrize(
    "source",
    [
        "-" * 100_000 + "1",
        "x" + ".a" * 100_000,
        "x = '\0'",
        "# coding: utf-7\n+AGEAYgBj-",
        "%%time\n" * 9000,
        "!ls '''\n" * 9000,
        '"""' * 60_001,
        "def lora(:\n" * 9000,
        "x = 1;" * 9000,
        "from . import *\n" * 9000,
        "".join(f"def f{n}(): return f{n + 1}()\n" for n in range(9000)),
        "".join(f"class A{n}(A{n + 1}): pass\n" for n in range(9000)) + "def lora(): return A0",
        "x = x.a\nx.b = 1\ndef lora(): return x\n" * 3000,
        "import a.b\ndef lora(): return a\n" * 4500,
        "lora = wrap(x)\nx = lora(x)\ndef f(): return x\n" * 3000,
        "for x in x: lora.x = x\n" * 9000,
        "if x:\n pass\n" + "elif x: lora = 1\n" * 9000,
        "x = 9 ** 9 ** 9\ny = 'a' * 10 ** 10\nz = (1 << 10 ** 10,) * 10 ** 10\ndef f(): return x, y, z",
        "x = " + "9" * 100_000,
    ],
)
def test_a_hostile_cell_leaves_the_others(tmp_path, stubs, source):
    sources, _ = hand_in(tmp_path, {"lora.ipynb": notebook([code(source), code(LORA)])}, stubs=stubs)
    assert "def lora():\n    return 1" in sources["lora"]


NESTED = {
    "operators": lambda depth: "1" + "+lora" * depth,
    "calls": lambda depth: "lora" + "()" * depth,
    "attributes": lambda depth: "lora" + ".a" * depth,
    "signs": lambda depth: "-" * depth + "lora",
    "functions": lambda depth: "lambda:" * depth + "lora",
    "lists": lambda depth: "[" * depth + "lora" + "]" * depth,
}


@pytest.mark.parametrize("nest", NESTED.values(), ids=NESTED)
def test_no_depth_is_too_deep_to_be_said(tmp_path, stubs, nest):
    """Each of Python's tools for source gives up at another depth."""
    files = {}
    for depth in range(50, 1250, 100):
        deep = nest(depth)
        cells = [f"x = {deep}", f"lora.x = {deep}", f"if {deep}: y = 1", f"def lora(z=x):\n    return y, {deep}"]
        files[f"{depth}/lora.ipynb"] = notebook([code("\n".join(cells)), code("%ls\n" + cells[-1])])
    with open_submissions(tree(tmp_path / "class", files), ONE, stubs=stubs) as intake:
        assert len(outcomes(intake)) == 12


def test_what_cells_drew_costs_no_memory(tmp_path, stubs):
    drawn = notebook([code(LORA, outputs=[[[] for _ in range(1000)] for _ in range(500)])])
    with open_submissions(tree(tmp_path / "class", {"a/lora.ipynb": drawn}), ONE, stubs=stubs) as intake:
        tracemalloc.start()
        (found,) = outcomes(intake).values()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "return 1" in found
    assert peak < 4 * len(drawn)  # as objects of Python they would be sixteen times its size


def test_one_zip_is_one_hand_in(tmp_path, stubs):
    path = zip_file(tmp_path / "mine.zip", {"hw/lora.ipynb": notebook([code(LORA)]), "../x": ""})
    unpacked = read_hand_in(path, Wanted(ONE, (), stubs))
    assert b"return 1" in unpacked.sources["lora"]
    assert any("a name that leads elsewhere" in note for note in unpacked.notes)
    with pytest.raises(UsageError) as caught:
        read_hand_in(zip_file(tmp_path / "empty.zip", {}), Wanted(ONE, (), stubs))
    assert line(caught.value).endswith("empty.zip: nothing was handed in; ask for lora.py (or .ipynb)")


def test_a_file_at_the_top_is_its_students_notebook(tmp_path, stubs):
    files = {"ada.ipynb": notebook([code(LORA)]), "bob.py": LORA}
    with open_submissions(tree(tmp_path / "class", files), ONE, stubs=stubs) as intake:
        assert set(by_key(intake)) == {"ada", "bob"}
        assert all("return 1" in outcome for outcome in outcomes(intake).values())


def test_one_students_own_folder_may_hold_notebooks(tmp_path, stubs):
    files = {"lora.ipynb": notebook([code(LORA)]), "ptuning/ptuning.ipynb": notebook([code(LORA)])}
    with open_submissions(tree(tmp_path / "jane", files), THREE, stubs=stubs) as intake:
        assert list(by_key(intake)) == ["jane"]
