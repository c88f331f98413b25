"""What one student handed in: finds the file of each exercise and reads it, or says in one line why it cannot."""

import codecs
import io
import tokenize
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import Stub
from grader.errors import UsageError

MOST_SECRETS = 100
"""Files that a worker tries to read before it starts; more of the same folder would show nothing else."""
MAX_SOURCE = 4 * 1024 * 1024
MAX_NOTEBOOK = 32 * 1024 * 1024
"""most of which is what cells drew"""
NO_TEXT = frozenset({"idna", "punycode", "undefined"})
"""Codecs that a file may name and no source is written in; reading megabytes by them takes minutes."""
SUFFIXES = (".py", ".ipynb")
"""of what is handed in, the first before the second where there are both"""


@dataclass(frozen=True)
class Unpacked:
    """The sources of what was handed in, by exercise, and what was noticed while they were found."""

    sources: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """which cells of each notebook were taken"""


@dataclass(frozen=True)
class Taken:
    """The source of one exercise, and what there is to say of it."""

    source: bytes
    notes: tuple[str, ...] = ()
    account: str = ""


def read_submission(
    path: Path, exercises: Sequence[str], others: Collection[str] = (), *, stubs: Mapping[str, Stub] | None = None
) -> Unpacked:
    """The source of each exercise that was handed in; what is missing is left out.

    `path` is a file, or a folder with NAME.py or NAME/NAME.py, or with notebooks of these names where the `stubs` of
    the exercises are given. Raises UsageError if nothing in it can be graded: a file of another exercise, one of the
    `others`, cannot.
    """
    stubs = stubs or {}
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:  # a folder above it is closed to us, or its name is too long
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its name and permissions") from None
    if is_file:
        name = _exercise_of(path, exercises, others)
        return unpacked({name: _read_either([path], name, stubs)})
    if not is_folder:
        raise UsageError(f"{path}: no such file or folder; name a .py file, or a folder that holds one per exercise")
    taken: dict[str, Taken] = {}
    for name in exercises:
        found = [file for file in places_of(path, name) if file.is_file() and (file.suffix == ".py" or name in stubs)]
        if found:
            taken[name] = _read_either(found, name, stubs)
    if not taken:
        wanted = " or ".join(f"{name}.py" for name in exercises) + " (or .ipynb)" * bool(stubs)
        raise UsageError(f"{path}: nothing to grade in this folder; it needs {wanted}, or {exercises[0]}/...")
    return unpacked(taken)


def unpacked(taken: Mapping[str, Taken], notes: Iterable[str] = ()) -> Unpacked:
    """What was taken of each exercise, and what else was noticed."""
    return Unpacked(
        {name: one.source for name, one in taken.items()},
        (*notes, *(note for one in taken.values() for note in one.notes)),
        tuple(one.account for one in taken.values() if one.account),
    )


def places_of(folder: Path, name: str) -> list[Path]:
    """Where a folder may hold an exercise, the first before the second."""
    return [place / f"{name}{suffix}" for suffix in SUFFIXES for place in (folder, folder / name)]


def _read_either(files: Sequence[Path], name: str, stubs: Mapping[str, Stub]) -> Taken:
    """The source of an exercise from the first of these files.

    A .py file that is the stub as it was given out says nothing about whose work a notebook beside it is.
    """
    first, *more = files
    if first.suffix == ".py":
        source = read_source(first)
        notebook = next((file for file in more if file.suffix == ".ipynb"), None)
        if not notebook or first.samefile(stubs[name].path) or not is_untouched(source, stubs[name]):
            return Taken(source, (f"{notebook} was ignored, for there is {first}",) if notebook else ())
        first = notebook
    return take_from_notebook(_read(first, MAX_NOTEBOOK), str(first), name, stubs[name])


def is_untouched(source: bytes, stub: Stub) -> bool:
    """Whether this is the stub of an exercise as it was given out."""
    return source.split() == stub.text.encode().split()


def take_from_notebook(content: bytes, where: str, name: str, stub: Stub) -> Taken:
    """The source of an exercise that a notebook's cells make; raises UsageError."""
    from grader.cells.reading import read_cells
    from grader.cells.slicing import module_of

    try:
        made = module_of(read_cells(content, where), name, stub.text)
    except (RecursionError, MemoryError):  # by which Python's own parser gives up, here or there
        raise UsageError(f"{where}: its code is nested too deep; hand in the exercise's alone") from None
    account = f"{where}: {made.account}" if made.account else ""
    return Taken(made.source.encode(), tuple(f"{where}: {note}" for note in made.notes), account)


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
    return check_source(_read(path, MAX_SOURCE), str(path))


def _read(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise UsageError(f"{path}: is larger than {limit // 1024**2} MiB; hand in the source alone")
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: is missing") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None


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
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: is not a Python file; hand in the .py source, or the notebook")
    if path.stem in exercises:
        return path.stem
    if path.stem in others:
        raise UsageError(f"{path}: is named after another exercise; run `grader check {path.stem} ...`, or rename it")
    if len(exercises) == 1:  # `check NAME --submission alice.py` leaves no doubt
        return exercises[0]
    raise UsageError(f"{path}: which exercise is this? name it (`grader check {exercises[0]} ...`)")
