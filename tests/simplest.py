"""What the simplest case of a check sends, which a failing check ends up with: another one for each check and seed."""

from grader.checking.grading import seed_of
from grader.checking.inputs import Inputs


def simplest(check_id: str, n: int = 1, seed: int = 0) -> list[float]:
    """The array `x` of n elements in the simplest case of a check of the lesson `vectors`."""
    return Inputs(seed_of(seed, check_id), 0).array("x", n).tolist()
