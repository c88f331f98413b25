"""What fuzzing the wire found stays found: every kept case is swallowed again. `make fuzz` looks for more."""

import json
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hostile_reply import swallow
from hypothesis import given, settings

CORPUS = sorted((Path(__file__).parent / "fuzz" / "corpus").iterdir())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["answer", "raised"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", CORPUS, ids=[path.name for path in CORPUS])
def test_kept_cases_are_swallowed(path: Path):
    swallow(path.read_bytes())


def test_corpus_reaches_every_kind_of_reply():
    """Replies that are refused at once would test little."""
    kinds = {message.kind for path in CORPUS for message in swallow(path.read_bytes())}
    assert {"answer", "raised"} <= kinds


@given(value=JSON, kind=st.sampled_from(["answer", "raised", "ask"]), extra=st.binary(max_size=40))
@settings(max_examples=400, deadline=None, database=None, derandomize=True)
def test_replies_of_any_form_are_swallowed(value, kind, extra):
    header = {"kind": kind, "number": 1, "value": {"value": {"x": value}}, "tensors": [["float32", [2]]]}
    swallow(b"\0" + json.dumps(header).encode() + b"\n" + extra)
