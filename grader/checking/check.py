"""The mark that makes a test function a check."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from grader.errors import CatalogError

Body = TypeVar("Body", bound=Callable[..., None])

PROVIDED = ("student", "oracle", "reference", "inputs", "gpu")
"""Parameters of a check that the engine fills in; they are no fixtures of pytest's."""


@dataclass(frozen=True)
class Check:
    """What a check is about and what it is worth: `points` is its weight among the checks of its task."""

    id: str
    points: Fraction
    title: str
    hint: str

    @property
    def task(self) -> str:
        return self.id.rpartition(".")[0]


def check(id: str, *, points: float, title: str, hint: str) -> Callable[[Body], Body]:
    """Make a test function the check `id` ("exercise.1.law"): a law with a title that a learner can read.

    The function takes any of `student`, `oracle`, `reference` (hidden checks), `inputs`, `gpu` (checks on a GPU, where
    points are a bonus), and what `cases` draws.
    Raises CatalogError for an id, title or weight that cannot be right.
    """
    if not re.fullmatch(r"\w+\.\d+\.\w+", id):
        raise CatalogError(f"check `{id}`: expected an id such as `exercise.1.law`")
    if not 0 < len(title) <= 72:
        raise CatalogError(f"check `{id}`: expected a title of 1 to 72 characters, got {len(title)}")
    if points <= 0:
        raise CatalogError(f"check `{id}`: expected more than 0 points, got {points}")

    def mark(body: Body) -> Body:
        body.check = Check(id, Fraction(points), title, hint)  # type: ignore[attr-defined]
        hide_parameters(body, PROVIDED)
        return body

    return mark


def check_of(function: object) -> Check | None:
    """The mark of a test function, if it has one."""
    found = getattr(function, "check", None)
    return found if isinstance(found, Check) else None


def require_check(function: object) -> Check:
    """The mark of a test function that is known to be a check."""
    found = check_of(function)
    if found is None:
        raise TypeError(f"{function} is not a check")
    return found


def parameters_of(body: Callable[..., Any]) -> tuple[str, ...]:
    """The names that a check's body really takes."""
    return tuple(body.__code__.co_varnames[: body.__code__.co_argcount])


def hide_parameters(body: Callable[..., Any], names: tuple[str, ...]) -> None:
    """Keep pytest from looking for fixtures of these names."""
    signature = inspect.signature(body)
    rest = [parameter for name, parameter in signature.parameters.items() if name not in names]
    body.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
