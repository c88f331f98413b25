"""Keys of students: unique, safe as names of files, the same in the next run."""

from hypothesis import given
from hypothesis import strategies as st

from grader.intake.keys import make_key, set_apart


@given(st.lists(st.text(max_size=80), min_size=1, unique=True))
def test_keys_are_unique_and_safe(names):
    keys = set_apart([make_key(name) for name in names], names)
    assert len({key.casefold() for key in keys}) == len(names)
    for key in keys:
        assert 0 < len(key) < 90
        assert len(f"{key}.html".encode()) <= 255
        assert all(letter.isalnum() or letter in "._-@" for letter in key)
        assert key[0] not in ".-"


def test_names_of_devices_are_no_keys():
    assert make_key("con") != "con"
    assert make_key("Aux.txt") != "Aux.txt"


def test_lossy_names_keep_apart_by_themselves():
    assert make_key("O'Brien") != make_key("O-Brien") == "O-Brien"


def test_keys_that_clash_are_told_apart_in_any_order():
    bob, other = set_apart(["Bob", "bob"], ["Bob", "bob"])
    assert set_apart(["bob", "Bob"], ["bob", "Bob"]) == [other, bob]
