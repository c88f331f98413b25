"""Reads the list of a course, as an LMS exports it, and joins it with who handed in.

A join is made where it can be meant in one way alone: by a number first, then by login, e-mail, and a name that one
person bears. What could mean two people is said and left alone.
"""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import UsageError
from grader.intake.archive import clean
from grader.results import Student

COLUMNS = {
    "name": ("name", "full name", "student", "student name"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "id": ("id", "user id", "userid", "canvas id"),
    "sis_id": ("sis id", "sis user id", "student id", "studentid", "id number", "idnumber", "sid", "orgdefinedid"),
    "login": ("login", "sis login id", "login id", "username", "user name", "netid", "github username"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
    "participant": ("identifier", "participant"),
    "role": ("role",),
}
STAFF = frozenset({"instructor", "ta", "reader"})
NUMBERS = ("id", "sis_id", "participant", "login", "email")
"""what tells a student, the surest first"""
MAX_ROSTER = 64 * 1024 * 1024


@dataclass(frozen=True)
class Joined:
    """Who handed in, in the order asked for, with what could not be joined; and who did not."""

    students: tuple[Student, ...]
    notes: tuple[tuple[str, ...], ...]
    missing: tuple[Student, ...]


def read_roster(path: Path) -> list[Student]:
    """The students of a CSV, with empty keys; raises UsageError that names what was looked for."""
    try:
        if path.stat().st_size > MAX_ROSTER:
            raise UsageError(f"{path}: is too large to be the list of a course")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8 text; save it as `CSV UTF-8`") from None
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise UsageError(f"{path}: is not CSV ({error})") from None
    columns = _columns(rows[0]) if rows else {}
    if not columns.keys() & {"name", "last", *NUMBERS}:
        seen = ", ".join(clean(cell)[:40] for cell in rows[0][:8]) if rows else "nothing"
        raise UsageError(f"{path}: no column tells who is meant; expected Name, ID, Username or Email, saw {seen}")
    return list(_students(rows[1:], columns))


def join(found: Sequence[Student], handles: Sequence[str], roster: Sequence[Student]) -> Joined:
    """`found` with all that the roster knows of them; a handle is a name of unknown kind, such as a folder's."""
    joining = _Joining(found, roster, {}, {})
    for surer, kind in enumerate(NUMBERS):
        joining.by(
            kind, [getattr(student, kind).casefold() for student in found], _index(roster, kind), NUMBERS[:surer]
        )
    for kind in NUMBERS:
        joining.by(kind, [handle.casefold() for handle in handles], _index(roster, kind))
    names, listed = [_squash(student.name) for student in found], _names(roster)
    shared = Counter(name for place, name in enumerate(names) if place not in joining.rows)
    for place, name in enumerate(names):
        if name in listed and shared[name] > 1 and place not in joining.rows:
            joining.notes[place] = f"{shared[name]} who handed in are called {found[place].name}; not joined"
    joining.by("name", [name if shared[name] == 1 else "" for name in names], listed, NUMBERS)
    rows = joining.rows
    students = [
        _merge(student, roster[rows[place]]) if place in rows else student for place, student in enumerate(found)
    ]
    notes = [(joining.notes[place],) if place in joining.notes else () for place in range(len(found))]
    joined_rows = set(rows.values())
    return Joined(
        tuple(students), tuple(notes), tuple(student for row, student in enumerate(roster) if row not in joined_rows)
    )


@dataclass(frozen=True)
class _Joining:
    """Which rows of a roster are whom, as far as has been found out."""

    found: Sequence[Student]
    roster: Sequence[Student]
    rows: dict[int, int]
    notes: dict[int, str]

    def by(self, kind: str, values: Sequence[str], index: dict[str, list[int]], surer: Sequence[str] = ()) -> None:
        """Join who has a value that one free row has, unless something surer than it speaks against that."""
        taken = set(self.rows.values())
        what = kind.replace("_", " ")
        for place, value in enumerate(values):
            rows = index.get(value, []) if value and place not in self.rows else []
            if len(rows) > 1:
                self.notes[place] = f"{len(rows)} of the roster have this {what}; not joined"
            elif rows and rows[0] in taken:
                self.notes[place] = f"somebody else was joined with this {what} of the roster; not joined"
            elif rows and self._differ(place, rows[0], surer):
                name = self.roster[rows[0]].name or self.found[place].name
                self.notes[place] = f"the roster has other numbers for {name}; not joined"
            elif rows:
                self.rows[place] = rows[0]
                self.notes.pop(place, None)
                taken.add(rows[0])

    def _differ(self, place: int, row: int, kinds: Sequence[str]) -> bool:
        pairs = [(getattr(self.found[place], kind), getattr(self.roster[row], kind)) for kind in kinds]
        return any(mine and theirs and mine.casefold() != theirs.casefold() for mine, theirs in pairs)


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each kind of column is; the first of a kind counts."""
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        title = " ".join(cell.replace("_", " ").split()).casefold()
        kind = next((kind for kind, titles in COLUMNS.items() if title in titles), None)
        if kind:
            found.setdefault(kind, place)
    return found


def _students(rows: Sequence[Sequence[str]], columns: dict[str, int]) -> Iterator[Student]:
    for row in rows:
        cells = {kind: clean(row[place]).strip() for kind, place in columns.items() if place < len(row)}
        name = cells.get("name", "") or f"{cells.get('first', '')} {cells.get('last', '')}".strip()
        if "points possible" in name.casefold() or name == "Student, Test":  # rows of Canvas that are no person
            continue
        if cells.get("role", "").casefold() in STAFF:
            continue
        last, comma, first = name.partition(",")
        known = {kind: cells.get(kind, "").removeprefix("#") for kind in NUMBERS}  # Brightspace writes `#0301`
        known["participant"] = known["participant"].rpartition(" ")[2]  # Moodle writes `Participant 12`
        if name or any(known.values()):
            yield Student("", f"{first.strip()} {last.strip()}".strip() if comma else name, **known)


def _index(roster: Sequence[Student], kind: str) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for row, student in enumerate(roster):
        index.setdefault(getattr(student, kind).casefold(), []).append(row)
    return index


def _names(roster: Sequence[Student]) -> dict[str, list[int]]:
    """Rows by name, first name first and last name first: Canvas writes `doejane`."""
    index: dict[str, list[int]] = {}
    for row, student in enumerate(roster):
        words = student.name.split()
        turns = {_squash(" ".join(words[cut:] + words[:cut])) for cut in range(len(words))}
        for name in turns:
            index.setdefault(name, []).append(row)
    return index


def _squash(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


def _merge(student: Student, listed: Student) -> Student:
    known = {kind: getattr(listed, kind) or getattr(student, kind) for kind in ("name", *NUMBERS)}
    return replace(student, **known)
