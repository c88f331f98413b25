"""Pages."""

from collections.abc import Iterator

from grader.results import Results


def render(results: Results) -> Iterator[tuple[str, str]]:
    """Pages."""
    yield from ()
