"""Every exercise on disk, graded by one warm session each. Nothing here names an exercise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.authoring.answers import read_answers
from grader.catalog import Exercise, read_catalog
from grader.grade import Session

REPOSITORY = Path(__file__).parents[2]
EXERCISES = read_catalog(REPOSITORY).exercises


def answers(kind: str, every: int = 1) -> list[object]:
    """All answers of one kind as parameters, or every second, third, ... one of each exercise."""
    found = [(exercise, answer) for exercise in EXERCISES for answer in read_answers(exercise, kind)[::every]]
    return [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].path.stem}") for pair in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise over what is on disk."""
    if "wrong" in metafunc.fixturenames:
        # docs/audit.md tells of all, for the exercises as they are; these tell whether the engine still judges so.
        metafunc.parametrize(("exercise", "wrong"), answers("wrong", every=3))
    elif "accepted" in metafunc.fixturenames:
        metafunc.parametrize(("exercise", "accepted"), answers("accepted"))
    elif "exercise" in metafunc.fixturenames:
        metafunc.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


@pytest.fixture(scope="session")
def sessions() -> Iterator[dict[str, Session]]:
    """One warm session per exercise, for public and hidden checks."""
    opened: dict[str, Session] = {}
    yield opened
    for session in opened.values():
        session.close()


@pytest.fixture
def session(exercise: Exercise, sessions: dict[str, Session]) -> Session:
    """The warm session of this exercise."""
    if exercise.name not in sessions:
        sessions[exercise.name] = Session((exercise,), full=True)
    return sessions[exercise.name]
