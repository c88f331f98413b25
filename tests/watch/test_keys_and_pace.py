"""What keys mean, and when a save is graded."""

import pytest

from grader.watch.keys import Key, keys_in
from grader.watch.pace import Pace


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"h", [Key.HINT]),
        (b"nq", [Key.NEXT, Key.QUIT]),
        (b"N", [Key.NEXT]),
        (b"\x04", [Key.QUIT]),
        (b"\x1b[A\x1b[Bj", [Key.UP, Key.DOWN, Key.DOWN]),
        (b"\x1bOA \x1b[6~", [Key.UP, Key.PAGE_DOWN, Key.PAGE_DOWN]),
        (b"\x1b[1;5C", [Key.OTHER]),
        (b"\x1b", [Key.OTHER]),
        ("é".encode(), [Key.OTHER, Key.OTHER]),
        (b"", []),
    ],
)
def test_keys_are_told_from_what_a_terminal_sends(data, keys):
    assert list(keys_in(data)) == keys


def test_single_save_is_due_at_once():
    pace = Pace(quiet_s=0.25)
    assert (pace.wait_s(10.0), pace.take(10.0)) == (None, False)
    pace.saved(10.0)
    assert pace.wait_s(10.0) == 0.0
    assert pace.take(10.0)
    assert not pace.take(10.0)


def test_storm_is_due_when_it_is_over():
    pace, taken = Pace(quiet_s=0.25), []
    times = [0.1 * number for number in range(20)]
    for now in times:
        pace.saved(now)
        taken += [now] if pace.take(now) else []
    assert taken == [0.0]
    assert pace.wait_s(times[-1]) == pytest.approx(0.25)
    assert not pace.take(times[-1] + 0.2)
    assert pace.take(times[-1] + 0.25)


def test_save_after_a_pause_is_due_at_once_again():
    pace = Pace(quiet_s=0.25)
    pace.saved(0.0)
    assert pace.take(0.0)
    pace.saved(0.3)
    assert pace.take(0.3)
