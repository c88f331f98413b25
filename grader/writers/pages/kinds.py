"""What the kind of a failure means to whoever reads a page."""

from grader.report import CheckResult
from grader.verdict import LOADING

# What a worker's death is called.
DEATHS = ("hung", "limit", "died")


def while_loading(check: CheckResult) -> bool:
    """Whether it is the whole submission that fails, so that every check says the same."""
    return check.kind.startswith(LOADING)
