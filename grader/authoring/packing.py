"""Zip files with the same bytes for the same content, and which files of a lesson and of the engine go into them.

Everything is listed by what goes in, never by what stays out: a new folder or a kind of file nobody thought of is left
out until somebody says that it belongs.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grader
from grader import files
from grader.catalog import Exercise
from grader.errors import UsageError

ENGINE = Path(grader.__file__).parent
ENGINE_KINDS = frozenset({".py", ".typed", ".css", ".jinja", ".sh"})
CODE_KINDS = frozenset({".py", ".md", ".toml"})
DATA_KINDS = frozenset({".csv", ".json", ".npz", ".png", ".safetensors", ".svg", ".txt"})
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can hold
PLAIN_FILE, EXECUTABLE = 0o100644, 0o100755
UNIX = 3
CHUNK = 1024 * 1024


@dataclass
class Packing:
    """What goes into a zip, by its name in there; `left_out` are files of an exercise that do not."""

    files: dict[str, Path] = field(default_factory=dict)
    left_out: list[Path] = field(default_factory=list)

    def add_engine(self, below: str) -> None:
        """The package `grader`, as it would be installed."""
        for path in _visible(ENGINE):
            if path.suffix in ENGINE_KINDS:
                self.files[f"{below}grader/{path.relative_to(ENGINE).as_posix()}"] = path

    def add_exercise(self, exercise: Exercise, below: str) -> None:
        """What a student receives of an exercise: its own files, and data in folders below."""
        for path in _visible(exercise.folder):
            kinds = DATA_KINDS | CODE_KINDS if path.parent == exercise.folder else DATA_KINDS
            if path.suffix in kinds or path == exercise.notebook:
                self.files[f"{below}exercises/{exercise.name}/{path.relative_to(exercise.folder).as_posix()}"] = path
            else:
                self.left_out.append(path)

    def add(self, name: str, path: Path) -> None:
        """One file; raises UsageError if it is not there."""
        if not path.is_file():
            raise UsageError(f"{path}: is missing; run this in a checkout of the whole lesson")
        self.files[name] = path


def _visible(folder: Path) -> Iterator[Path]:
    """The files in and below a folder, without what is hidden, generated or a link, which could lead anywhere."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__pycache__")) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _visible(path)
        else:
            yield path


def content_of(source: Path | bytes) -> bytes:
    """The bytes of one file of a packing; raises UsageError if it cannot be read."""
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: cannot be read ({error.strerror})") from None


def write_zip(path: Path, packed: Mapping[str, Path | bytes], executable: frozenset[str] = frozenset()) -> None:
    """Write a zip in one step; raises UsageError. Stored: compressed bytes differ from one zlib to the next."""
    try:
        with tempfile.TemporaryFile() as spool:
            with zipfile.ZipFile(spool, "w", zipfile.ZIP_STORED) as archive:
                for name in sorted(packed):
                    entry = zipfile.ZipInfo(name, LONG_AGO)
                    entry.create_system = UNIX
                    entry.external_attr = (EXECUTABLE if name in executable else PLAIN_FILE) << 16
                    archive.writestr(entry, content_of(packed[name]))
            spool.seek(0)
            files.replace(path, iter(lambda: spool.read(CHUNK), b""))
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be written ({error.strerror})") from None
