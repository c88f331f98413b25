"""What one student handed in: finds the file of each exercise and reads it, or says in one line why it cannot."""

import codecs
import io
import tokenize
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from grader.errors import UsageError

MOST_SECRETS = 100
"""Files that a worker tries to read before it starts; more of the same folder would show nothing else."""
MAX_SOURCE = 4 * 1024 * 1024
NO_TEXT = frozenset({"idna", "punycode", "undefined"})
"""Codecs that a file may name and no source is written in; reading megabytes by them takes minutes."""


def read_submission(path: Path, exercises: Sequence[str], others: Collection[str] = ()) -> Mapping[str, bytes]:
    """The source of each exercise that was handed in; what is missing is left out.

    `path` is a file, or a folder with NAME.py or NAME/NAME.py. Raises UsageError if nothing in it can be graded: a file
    of another exercise, one of the `others`, cannot.
    """
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:  # a folder above it is closed to us, or its name is too long
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its name and permissions") from None
    if is_file:
        return {_exercise_of(path, exercises, others): read_source(path)}
    if not is_folder:
        raise UsageError(f"{path}: no such file or folder; name a .py file, or a folder that holds one per exercise")
    candidates = {name: [path / f"{name}.py", path / name / f"{name}.py"] for name in exercises}
    sources = {
        name: read_source(found)
        for name, files in candidates.items()
        for found in [next((file for file in files if file.is_file()), None)]
        if found
    }
    if not sources:
        wanted = " or ".join(f"{name}.py" for name in exercises)
        raise UsageError(f"{path}: nothing to grade in this folder; it needs {wanted} (or {exercises[0]}/...)")
    return sources


def existing_secrets(paths: Iterable[Path | None]) -> list[Path]:
    """Those of these files that there are, as many as are worth a worker's try; the more important ones come first."""
    named = [path for path in paths if path][:MOST_SECRETS]
    return [path.absolute() for path in named if _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # closed to us, and so to a submission
        return False


def read_source(path: Path) -> bytes:
    """The bytes of a Python file; raises UsageError if it is not text that Python would read."""
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise UsageError(f"{path}: is larger than {MAX_SOURCE // 1024**2} MiB; hand in the source alone")
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    return check_source(source, str(path))


def check_source(source: bytes, where: str) -> bytes:
    """The same bytes; raises UsageError if they are not text that Python would read."""
    if b"\0" in source:
        raise UsageError(f"{where}: is not a Python file (it holds binary data); hand in the .py source")
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        if codecs.lookup(encoding).name in NO_TEXT:
            raise LookupError
        source.decode(encoding)
    except SyntaxError as error:
        raise UsageError(f"{where}: {error.msg}; save it as UTF-8") from None
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise UsageError(f"{where}: line {line} is not {error.encoding} text; save the file as UTF-8") from None
    except (LookupError, UnicodeError):
        raise UsageError(f"{where}: is not text in the encoding that it names ({encoding}); save it as UTF-8") from None
    return source


def _exercise_of(path: Path, exercises: Sequence[str], others: Collection[str]) -> str:
    if path.suffix != ".py":
        raise UsageError(f"{path}: is not a Python file; hand in the .py source")
    if path.stem in exercises:
        return path.stem
    if path.stem in others:
        raise UsageError(f"{path}: is named after another exercise; run `grader check {path.stem} ...`, or rename it")
    if len(exercises) == 1:  # `check NAME --submission alice.py` leaves no doubt
        return exercises[0]
    raise UsageError(f"{path}: which exercise is this? name it (`grader check {exercises[0]} ...`)")
