"""The audit of an exercise: what it finds in a good one, in a spoilt one, and how it says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Lesson, Ran

WRONG = {
    "sum_for_product": (
        "Adds the factor.",
        "vectors.1.value vectors.1.fresh",
        "def scaled(x, factor):\n    return x + factor\n",
    ),
    "mean_of_sizes": (
        "Forgets the signs.",
        "vectors.2.value vectors.2.negative",
        "given_mean = mean\n\ndef mean(x):\n    return given_mean(abs(x))\n",
    ),
    "mean_of_nothing": (
        "The mean of nothing is zero.",
        "vectors.2.empty",
        "given_mean = mean\n\ndef mean(x):\n    return given_mean(x) if len(x) else 0.0\n",
    ),
}
ACCEPTED = "# Asks numpy for the mean.\n\ndef mean(x):\n    if len(x) < 1:\n        raise ValueError\n    return float(x.mean())\n"


@pytest.fixture
def audited(lesson: Lesson) -> Lesson:
    """The lesson with answers of both kinds."""
    folder = lesson.root / "solutions/vectors"
    for kind in ("wrong", "accepted"):
        (folder / kind).mkdir()
    for name, (headline, fails, code) in WRONG.items():
        (folder / f"wrong/{name}.py").write_text(f"# {headline}\n# fails: {fails}\n\n{code}")
    (folder / "accepted/mean_by_numpy.py").write_text(ACCEPTED)
    return lesson


def audit(lesson: Lesson, *arguments: str) -> tuple[Ran, Any]:
    """An audit with as little as there can be, and its JSON."""
    ran = lesson.run("audit", "--out", "found", "--seeds", "1", "--jobs", "1", *arguments)
    found = lesson.root / "found/audit.json"
    return ran, json.loads(found.read_text()) if found.is_file() else None


def test_x(audited):
    ran, found = audit(audited)
    print(ran.out, ran.talk)
    assert 0
