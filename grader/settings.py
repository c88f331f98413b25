"""TOML that people write, read into a type: every mistake is named by file, key and what was expected."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from grader.errors import UsageError

T = TypeVar("T", bound=msgspec.Struct)


def read_toml(path: Path, where: Path, error: type[UsageError] = UsageError) -> dict[str, Any]:
    """What a file says; raises `error`, which calls the file `where`."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise error(f"{where}: cannot be read ({problem.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{where}: is not TOML: {problem}") from None


def convert(data: dict[str, Any], kind: type[T], where: Path, error: type[UsageError] = UsageError) -> T:
    """The same as a `kind`; raises `error` for the first key that does not fit."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as problem:
        what, _, place = str(problem).partition(" - at `$.")
        place = place.rstrip("`")
        choices = get_args(kind.__annotations__.get(place))
        expected = f"; expected {' or '.join(map(repr, choices))}" if choices and "enum" in what else ""
        key = f"key `{place}`: " if place else ""
        raise error(f"{where}: {key}{what}{expected}") from None
