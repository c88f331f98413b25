"""What the kind of a failure means to whoever reads a page."""

from grader.report import CheckResult

LOADING = "load "
# What a worker's death is called.
DEATHS = ("hung", "limit", "died")


def while_loading(check: CheckResult) -> bool:
    """Whether it is the whole submission that fails, so that every check says the same."""
    return check.kind.startswith(LOADING)


def cause(check: CheckResult) -> str:
    """The kind of a failure, whether it came up while loading or later."""
    return check.kind.removeprefix(LOADING)
