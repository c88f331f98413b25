"""No check is satisfied by an answer without content: each is replayed with the reference's answer, hollowed out.

In the plainest ways; docs/audit.md tells of all.
"""

import pytest

from grader.audit.records import read_records
from grader.audit.replay import hollow_checks
from grader.catalog import Exercise
from grader.grade import Session


@pytest.mark.parametrize("name", ["zeros", "ones", "its own input"])
def test_hollow_answers_fail_every_check(exercise: Exercise, session: Session, name: str):
    """Checks that look at no number at all (exceptions, flags, names) are shown the truth and may pass."""
    found = list(hollow_checks(session, exercise, seed=0, changes=(name,)))
    assert len(found) > 0.6 * len(session.checks) or name == "its own input"
    excused = read_records(exercise).hollow
    assert [(change, check) for change, check, passed in found if passed and (change, check) not in excused] == []
