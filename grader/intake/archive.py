"""Lists the files below a folder or in a zip, and reads one at a time. Nothing is ever unpacked onto the disk.

Both are hostile: a name leaves its folder, a link leads to the answers, a zip of 40 KiB holds 4 GiB. What must not be
read is still listed, with the reason, so that it costs its owner a sentence and nobody else anything. What cannot be
read here, for want of permission or because a download is broken, is listed as well: that is no fault of its owner's.
"""

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

from grader.errors import UnreadableError, UsageError

Parts = tuple[str, ...]

MIB = 1024 * 1024
MAX_DEPTH = 16
MAX_NAME = 255
MAX_FILES = 200_000
MAX_DIRECTORY = 64 * MIB
"""of the table of contents of a zip, which is read as a whole; 200 000 names of 300 bytes"""
MAX_FILES_NESTED = 50_000
MAX_DIRECTORY_NESTED = 8 * MIB
MAX_RATIO = 200
"""to which source never shrinks; a file of up to 1 MiB may"""
CHUNK = 64 * 1024
JUNK = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
BROKEN_ZIP = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, struct.error, zlib.error)
"""what `zipfile` raises for bytes that are no zip, or a broken one"""


@dataclass(frozen=True, eq=False)
class File:
    """One file, not read yet."""

    parts: Parts
    """its path in what was handed in"""
    where: str
    """its path as whoever looks for it would write it"""
    size: int
    fetch: Callable[[int], bytes]
    """reads at most so many bytes"""
    refused: str = ""
    """why it must not be read"""
    unreadable: str = ""
    """why it cannot be read here, which is not its owner's fault"""
    own: bool = False
    """whether it lies in an archive that its owner made, whose faults are the owner's"""
    note: str = ""
    order: int = 0
    """later files of the same name have higher ones"""

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    def read(self, limit: int) -> bytes:
        """All of it; raises UsageError if it is longer than `limit`, UnreadableError if it cannot be read here."""
        if self.refused:
            raise UsageError(f"{self.where}: {self.refused}")
        if self.unreadable:
            raise UnreadableError(f"{self.where}: {self.unreadable}")
        try:
            # The size is a claim, hence the one byte more.
            content = b"" if self.size > limit else self.fetch(self.size + 1)
        except BROKEN_ZIP as error:
            if self.own:
                raise UsageError(f"{self.where}: cannot be read ({_reason(error)}); ask for it again") from None
            raise UnreadableError(f"{self.where}: {_unreadable(error)}") from None
        if max(self.size, len(content)) > limit:
            raise UsageError(f"{self.where}: is larger than {limit // MIB} MiB; ask for the source alone")
        return content


@dataclass(frozen=True)
class Tree:
    """The files and folders below one place, without those that the operating system left."""

    root: str
    zipped: bool
    files: tuple[File, ...]
    folders: frozenset[Parts]
    notes: tuple[str, ...] = ()
    wrapped: bool = False
    """seen from a folder in it"""
    close: Callable[[], None] = field(default=lambda: None)

    def where(self, parts: Parts) -> str:
        """A path below this place, as whoever looks for it would write it."""
        inside = self.zipped and not self.wrapped
        return self.root + (": " if inside else "/") + "/".join(parts) if parts else self.root

    def names(self) -> list[str]:
        """The names at the top."""
        return sorted({parts[0] for parts in [*self.folders, *(file.parts for file in self.files)]})

    def tops(self) -> list[File]:
        """The files at the top."""
        return [file for file in self.files if len(file.parts) == 1]

    def below(self, name: str) -> list[File]:
        """The files below a folder at the top, with their paths in it."""
        return self._by_top.get(name, [])

    def children(self) -> list[str]:
        """The names of the folders at the top."""
        return sorted({parts[0] for parts in self.folders} - {".git"})

    def inside(self, name: str) -> "Tree":
        """The same files, seen from a folder at the top."""
        folders = frozenset(parts[1:] for parts in self.folders if parts[0] == name and len(parts) > 1)
        return replace(self, root=self.where((name,)), wrapped=True, files=tuple(self.below(name)), folders=folders)

    @cached_property
    def _by_top(self) -> dict[str, list[File]]:
        found: dict[str, list[File]] = defaultdict(list)
        for file in self.files:
            if len(file.parts) > 1:
                found[file.parts[0]].append(replace(file, parts=file.parts[1:]))
        return found


def clean(text: str) -> str:
    """`text` in one spelling, without characters that a terminal or a page would obey instead of showing."""
    joiners = "\u200c\u200d"  # that names in Persian and Hindi are spelled with
    return "".join(
        letter if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or letter in joiners else "\ufffd"
        for letter in unicodedata.normalize("NFC", text)
    )


def few(notes: Sequence[str], most: int = 3) -> list[str]:
    """The first of many notes: a zip may give cause for thousands."""
    return [*notes[:most], f"and {len(notes) - most} more like it"] if len(notes) > most else list(notes)


def open_folder(path: Path) -> Tree:
    """What lies below a folder; links are listed and never followed."""
    files: list[File] = []
    folders: set[Parts] = set()
    todo: list[tuple[Path, Parts]] = [(path, ())]
    while todo:
        folder, above = todo.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not above:
                raise UsageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
            # A file without a name, so that whoever owns the folder has something that cannot be read.
            files.append(_unreadable_file((*above, ""), folder, error))
            continue
        for entry in found:
            parts = (*above, clean(entry.name))
            if entry.name == ".git":
                folders.add(parts)  # tells a checkout, and is not looked into
            elif _is_junk((entry.name,)):
                continue
            elif file := _listed(entry, parts):
                files.append(file)
            else:
                folders.add(parts)
                if len(parts) < MAX_DEPTH:
                    todo.append((Path(entry.path), parts))
                else:
                    files.append(_refused(parts, Path(entry.path), "lies too deep"))
            if len(files) + len(folders) > MAX_FILES:
                raise UsageError(f"{path}: holds more than {MAX_FILES} files; name the folder of the hand-ins alone")
    return Tree(clean(str(path)), False, tuple(sorted(files, key=lambda file: file.parts)), frozenset(folders))


def _listed(entry: "os.DirEntry[str]", parts: Parts) -> File | None:
    """One entry of a folder; None if it is a folder itself."""
    path = Path(entry.path)
    try:
        if entry.is_dir(follow_symlinks=False):
            return None
        status = entry.stat(follow_symlinks=False)
    except OSError as error:  # gone since, or the folder may be listed and not entered
        return _unreadable_file(parts, path, error)
    if stat.S_ISLNK(status.st_mode):
        return _refused(parts, path, "is a link, and links are not followed")
    if not stat.S_ISREG(status.st_mode):
        return _refused(parts, path, "is not a regular file")
    return File(parts, clean(entry.path), status.st_size, partial(_fetch_path, path))


def open_zip(file: IO[bytes], where: str, *, nested: bool = False) -> Tree:
    """What a zip holds; raises UsageError if it cannot be trusted to hold what it says. Owns `file` if it returns.

    A `nested` one was made by a student.
    """
    most = MAX_FILES_NESTED if nested else MAX_FILES
    metered = _Metered(file, MAX_DIRECTORY_NESTED if nested else MAX_DIRECTORY)
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], metered))
    except BROKEN_ZIP as error:
        raise UsageError(f"{where}: is no zip, or a broken one ({_reason(error)}); ask for it again") from None
    infos = archive.infolist()
    if len(infos) > most:
        raise UsageError(f"{where}: holds more than {most} files; ask for the source alone")
    if _overlap(infos, archive.start_dir):
        raise UsageError(f"{where}: its files overlap, as in a zip made to do harm; it is not read")
    files: dict[Parts, File] = {}
    counts: dict[Parts, int] = defaultdict(int)
    folders: set[Parts] = set()
    notes: list[str] = []
    for info in infos:
        parts = _split(_name(info))
        if parts is None:
            notes.append(f"{where}: ignored {clean(_name(info))[:80]!r}, a name that leads elsewhere")
            continue
        folders.update(parts[:deep] for deep in range(1, len(parts)))
        if not parts or _is_junk(parts):
            continue
        if info.is_dir():
            folders.add(parts)
            continue
        counts[parts] += 1
        copies = counts[parts]
        note = f"{'/'.join(parts)} is in the zip {copies} times; the last was taken" if copies > 1 else ""
        inner = f"{where}: {'/'.join(parts)}"
        fetch = partial(_fetch_zipped, archive, info)
        files[parts] = File(parts, inner, info.file_size, fetch, _refusal(info), own=nested, note=note)
    listed = tuple(sorted(files.values(), key=lambda file: file.parts))
    folders = {
        folder for folder in folders if not _is_junk(folder[:-1]) and (folder[-1] == ".git" or not _is_junk(folder))
    }
    return Tree(where, True, listed, frozenset(folders), tuple(few(notes)), close=archive.close)


class _Metered:
    """A file whose reader cannot be talked into reading a table of contents of any size at once."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(self._most + 1 if size < 0 or size > self._most else size)
        if len(content) > self._most:
            raise zipfile.BadZipFile("too many files")
        return content


def _refused(parts: Parts, path: Path, why: str) -> File:
    return File(parts, clean(str(path)), 0, lambda _: b"", refused=why)


def _unreadable_file(parts: Parts, path: Path, error: OSError) -> File:
    return File(parts, clean(str(path)), 0, lambda _: b"", unreadable=_unreadable(error))


def _fetch_path(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _fetch_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    return b"".join(_chunks(archive, info, limit))


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Iterator[bytes]:
    with archive.open(info) as file:
        while limit > 0 and (chunk := file.read(min(CHUNK, limit))):
            limit -= len(chunk)
            yield chunk


def _reason(error: Exception) -> str:
    return clean(str(getattr(error, "strerror", None) or error))[:120]


def _unreadable(error: Exception) -> str:
    return f"cannot be read here ({_reason(error)}); check its permissions, or download it again"


def _is_junk(parts: Parts) -> bool:
    return any(part.startswith(".") or part in JUNK for part in parts)


def _overlap(infos: list[zipfile.ZipInfo], end: int) -> bool:
    """Whether two files share bytes: how some bombs hold more than their size times 1032."""
    header = 30  # bytes before a name, which is not counted: its length there may be another one
    places = sorted((info.header_offset, info.compress_size) for info in infos)
    return any(start + header + size > following for (start, size), (following, _) in pairwise([*places, (end, 0)]))


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: programs write UTF-8 and forget to say so, which `zipfile` reads as code page 437."""
    name = info.orig_filename
    says_utf8 = info.flag_bits & 0x800
    if says_utf8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _split(name: str) -> Parts | None:
    """The parts of a name in a zip, or None if it leads elsewhere or could not lie on a disk."""
    name = name.replace("\\", "/")  # as some programs for Windows write it
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return None
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if ".." in parts or len(parts) > MAX_DEPTH or any(len(part) > MAX_NAME for part in parts):
        return None
    return tuple(clean(part) for part in parts)


def _refusal(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link, and links are not followed"
    if kind not in {0, stat.S_IFREG}:
        return "is not a regular file"
    if info.flag_bits & 0x1:
        return "is encrypted; ask for it without a password"
    # Others cannot be read in bounded steps: 64 KiB of them may hold gigabytes.
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is compressed in a way that is not read here; ask for an ordinary zip"
    if info.file_size > max(MIB, MAX_RATIO * info.compress_size):
        times = info.file_size // max(1, info.compress_size)
        return f"would grow to {times} times its size, as in a zip made to do harm; it is not read"
    return ""
