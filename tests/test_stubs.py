"""The stub is the reference with its solution regions replaced by open holes."""

import pytest

from grader.authoring.answers import read_answer
from grader.authoring.stubs import make_stub
from grader.errors import CatalogError

REFERENCE = '''def f(x):
    """Twice x."""
    # TODO(toy.1): double it
    # (about 1 line)
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
'''


def test_region_becomes_a_hole():
    assert make_stub(REFERENCE, "toy.py") == (
        'def f(x):\n    """Twice x."""\n    # TODO(toy.1): double it\n    # (about 1 line)\n'
        '    raise NotImplementedError("toy.1")\n'
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("### END SOLUTION", "", "toy.py:5: BEGIN SOLUTION is never closed"),
        ("### BEGIN SOLUTION", "", "toy.py:7: END SOLUTION without"),
        (
            "    return 2 * x",
            "    ### BEGIN SOLUTION",
            "toy.py:6: BEGIN SOLUTION inside the region that starts at line 5",
        ),
        ("# TODO(toy.1): double it", "# double it", "toy.py:5: expected a comment `# TODO"),
    ],
)
def test_broken_regions_are_named_by_line(old, new, complaint):
    with pytest.raises(CatalogError, match=complaint):
        make_stub(REFERENCE.replace(old, new), "toy.py")


def answer(tmp_path, text, kind="wrong"):
    (tmp_path / kind).mkdir()
    path = tmp_path / kind / "a.py"
    path.write_text(text)
    return read_answer(path, REFERENCE)


def test_answer_is_appended_to_the_reference(tmp_path):
    read = answer(tmp_path, "# Triples instead of doubling.\n# fails: toy.1.value toy.1.other\nf = None\n")
    assert read.headline == "Triples instead of doubling."
    assert read.fails == {"toy.1.value", "toy.1.other"}
    assert read.source.startswith(REFERENCE.encode())
    assert read.source.endswith(b"f = None\n")


def test_standalone_answer_is_the_whole_submission(tmp_path):
    text = "# Another layout of the file.\n# standalone\nf = None\n"
    assert answer(tmp_path, text, "accepted").source == text.encode()


@pytest.mark.parametrize(
    "text", ["f = None\n", "# Triples instead of doubling.\nf = None\n", "# Triples it.\n# fails:\n"]
)
def test_answer_without_its_header_is_refused(tmp_path, text):
    with pytest.raises(CatalogError, match=r"line [12]: expected"):
        answer(tmp_path, text)
