"""Finds the exercises in what one student handed in, whatever an LMS or a browser did to the names.

It takes what can be meant in one way alone. Between two files of equal right it does not choose, and a file that is
named after another exercise is not taken for the one that is graded.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.catalog import Stub
from grader.errors import UnreadableError, UsageError
from grader.intake.archive import MIB, File, Parts, few, open_zip
from grader.intake.wanted import Wanted
from grader.submission import (
    MAX_NOTEBOOK,
    MAX_SOURCE,
    Taken,
    Unpacked,
    check_source,
    is_untouched,
    take_from_notebook,
    unpacked,
)

MAX_NESTED = 64 * MIB
MAX_ZIPS = 4
MAX_NAMED = 3
VERSION = re.compile(r"(?P<stem>.+?)(?:-(?P<dash>\d{1,3})| ?\((?P<bracket>\d{1,3})\))?")
"""what Canvas (`-1`) and browsers (` (1)`) put behind the name of what was handed in before"""
NOT_READ = frozenset({".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"})


@dataclass(frozen=True)
class _Picked:
    """Files of equal right for each exercise that was found, and what there is besides."""

    ties: Mapping[str, Sequence[File]]
    instead: Mapping[str, Sequence[File]]
    """notebooks of exercises that a .py file was found of, which may be the stub as it was given out, or no Python"""
    notes: tuple[str, ...]
    others: tuple[File, ...]


def unpack(files: Sequence[File], wanted: Wanted, where: str) -> Unpacked:
    """The sources in `files`; raises UsageError if none of them can be graded.

    Where a part cannot be read here and may hold an exercise, it raises UnreadableError: the rest alone would cost its
    owner what the part is worth.
    """
    problems: list[str] = []
    with ExitStack() as opened:
        everything = list(files)
        picked = _pick(files, wanted)
        archives = _latest(_of_kind(files, ".zip"))
        if len(picked.ties) < len(wanted.exercises) and archives:
            for archive in archives[:MAX_ZIPS]:
                everything.remove(archive)
                try:
                    tree = open_zip(io.BytesIO(archive.read(MAX_NESTED)), archive.where, nested=True)
                except UnreadableError:
                    raise
                except UsageError as error:
                    problems.append(str(error))
                    continue
                opened.callback(tree.close)
                problems += tree.notes
                everything += tree.files
            picked = _pick(everything, wanted)
        taken: dict[str, Taken] = {}
        others = list(picked.others)
        for name, ties in picked.ties.items():
            stub, instead = wanted.stubs.get(name), picked.instead.get(name, ())
            for same in filter(None, [ties, instead]):
                try:
                    taken[name] = _read(name, same, stub)
                except UnreadableError:
                    raise
                except UsageError as error:
                    problems.append(str(error))
                others = [file for file in others if file not in same]
                if stub is None or (name in taken and not is_untouched(taken[name].source, stub)):
                    break
    if len(picked.ties) < len(wanted.exercises):
        for file in everything:
            if file.unreadable and not file.name:  # a folder
                raise UnreadableError(f"{file.where}: {file.unreadable}")
    if not taken:
        raise UsageError("; ".join(problems) or _nothing(everything, wanted, where))
    return unpacked(taken, [*picked.notes, *_ignored(others), *problems])


def first_notes(files: Sequence[File], wanted: Wanted) -> tuple[str, ...]:
    """What can be said of `files` by their names alone; nothing yet if one will have to be looked into."""
    picked = _pick(files, wanted)
    if not picked.ties or picked.instead or (len(picked.ties) < len(wanted.exercises) and _of_kind(files, ".zip")):
        return ()
    return (*picked.notes, *_ignored(picked.others))


def of_another(file: File, wanted: Wanted) -> bool:
    """Whether a file is named after an exercise that is not graded here, or lies in a folder of that name."""
    return any(_version(file, name) is not None or name in file.parts[:-1] for name in wanted.others)


def _pick(files: Sequence[File], wanted: Wanted) -> _Picked:
    notes = few([file.note for file in files if file.note])
    usable = [file for file in files if not file.refused]
    ties: dict[str, Sequence[File]] = {}
    instead: dict[str, Sequence[File]] = {}
    picked: list[File] = []
    for name in wanted.exercises:
        for suffix in wanted.suffixes(name):
            found = [file for file in _of_kind(usable, suffix) if _version(file, name) is not None]
            if not found:
                continue
            nearest = min(_distance(file.parts, name) for file in found)
            near = [file for file in found if _distance(file.parts, name) == nearest]
            best = max((_version(file, name), file.order) for file in near)
            latest = [file for file in near if (_version(file, name), file.order) == best]
            if name in ties:
                instead[name] = latest
            else:
                ties[name] = latest
                picked += near
                notes += _say_versions(near, latest[0])
    if not ties and len(wanted.exercises) == 1:  # then its name does not matter, if it is not another's
        (name,) = wanted.exercises
        for suffix in wanted.suffixes(name):
            scripts = [file for file in _of_kind(usable, suffix) if not of_another(file, wanted)]
            latest = _latest(scripts)
            if len(latest) == 1:
                ties[name] = latest
                picked += scripts
                notes += _say_versions(scripts, latest[0])
                notes.append(f"{latest[0].path} was taken as {name}{suffix}")
                break
    return _Picked(ties, instead, tuple(notes), tuple(file for file in files if file not in picked))


def _read(name: str, ties: Sequence[File], stub: Stub | None) -> Taken:
    """What files of equal right hold, which must be the same."""
    first, *others = [_read_one(file, name, stub) for file in ties]
    if any(other.source != first.source for other in others):
        places = " and ".join(file.where for file in ties)
        raise UsageError(f"{places}: which is {name}{_suffix(ties[0])}? keep one of them")
    if not first.source.strip():
        raise UsageError(f"{ties[0].where}: is empty")
    return first


def _read_one(file: File, name: str, stub: Stub | None) -> Taken:
    if stub and _suffix(file) == ".ipynb":
        return take_from_notebook(file.read(MAX_NOTEBOOK), file.where, name, stub)
    return Taken(check_source(file.read(MAX_SOURCE), file.where))


def _version(file: File, name: str) -> tuple[int, bool] | None:
    """Which version of NAME.py this is, a name in the right case before others; None if it is none."""
    stem = PurePosixPath(file.name).stem
    if stem == name:
        return 0, True
    base, number = _split_version(stem)
    return (number, base == name) if base.casefold() == name.casefold() else None


def _split_version(stem: str) -> tuple[str, int]:
    match = VERSION.fullmatch(stem)
    assert match  # noqa: S101 - a stem is never empty
    return match["stem"], int(match["dash"] or match["bracket"] or 0)


def _distance(parts: Parts, name: str) -> int:
    """How far a file lies from where it should be: NAME.py, then NAME/NAME.py, then the same in other folders."""
    above = parts[:-1]
    return 2 * len(above) - (above[-1:] == (name,))


def _latest(files: Iterable[File]) -> list[File]:
    """Of each file the latest version."""
    latest: dict[tuple[Parts, str], tuple[int, int, File]] = {}
    for file in files:
        base, number = _split_version(PurePosixPath(file.name).stem)
        key = (file.parts[:-1], base)
        if key not in latest or (number, file.order) > latest[key][:2]:
            latest[key] = (number, file.order, file)
    return [file for _, _, file in latest.values()]


def _say_versions(files: Sequence[File], taken: File) -> list[str]:
    """What to say of several files of which one is the latest."""
    if len({(file.name, file.order) for file in files}) < 2:
        return []
    base, number = _split_version(PurePosixPath(taken.name).stem)
    suffix = _suffix(taken)
    which = f"-{number}" if taken.name == f"{base}-{number}{suffix}" else taken.name
    return [f"{len(files)} versions of {base}{suffix}; the latest, {which}, was taken"]


def _of_kind(files: Iterable[File], suffix: str) -> list[File]:
    return [file for file in files if _suffix(file) == suffix]


def _suffix(file: File) -> str:
    return PurePosixPath(file.name).suffix.lower()


def _ignored(files: Sequence[File]) -> list[str]:
    unread = few([f"{file.where}: {why}" for file in files if (why := file.refused or file.unreadable)])
    plain = [file.path for file in files if not (file.refused or file.unreadable)]
    if not plain:
        return unread
    return [*unread, f"also holds {_list(plain)}, which {'was' if len(plain) == 1 else 'were'} ignored"]


def _nothing(files: Sequence[File], wanted: Wanted, where: str) -> str:
    """Why nothing could be graded, and what to ask for."""
    if not files:
        return f"{where}: nothing was handed in; ask for {wanted.files}"
    if refused := [f"{file.where}: {file.refused}" for file in files if file.refused]:
        return "; ".join(few(refused))
    if packed := [file for file in files if _suffix(file) in NOT_READ]:
        return f"{packed[0].where}: is packed in a way that is not read; ask for {wanted.files} or a zip"
    others = [file.path for file in files if of_another(file, wanted)]
    held = f"{_list(others)}, of another exercise" if others else _list([file.path for file in files])
    return f"{where}: holds {held}, but no {wanted.files}; that is needed"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
