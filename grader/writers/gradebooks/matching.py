"""Which row of a teacher's table belongs to which student: by keys that leave no doubt, never by a guess."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.results import Student

KINDS = ("id", "sis_id", "login", "email", "participant")


@dataclass(frozen=True)
class Row:
    """A student's row: where it stands in the table, and what it says of the student."""

    index: int
    keys: Mapping[str, str]
    """kind of key -> what the table has of that kind; the kinds are the names of a Student's fields"""
    name: str = ""


@dataclass(frozen=True)
class Matches:
    """The row of each student by the student's key, and why others have none."""

    rows: Mapping[str, int]
    unmatched: Mapping[str, str]


def match(students: Sequence[Student], rows: Sequence[Row]) -> Matches:
    """Rows for students; a row that two students would get, and a student with two rows, match nothing."""
    found: dict[str, Row] = {}
    unmatched: dict[str, str] = {}
    names = Counter(named(student.name) for student in students)
    theirs = [(row, _known(row.keys), named(row.name)) for row in rows]
    names_of_rows = Counter(its for _, _, its in theirs)
    for student in students:
        keys, name = _known({kind: getattr(student, kind) for kind in KINDS}), named(student.name)
        by_key = [(row, other) for row, other, _ in theirs if _shared(keys, other)]
        by_name = [row for row, other, its in theirs if name and its == name and not keys.keys() & other.keys()]
        if len(by_key) > 1:
            unmatched[student.key] = f"{len(by_key)} rows of the table have one of their keys"
        elif by_key:
            row, other = by_key[0]
            doubt = _contradiction(student, keys, row, other)
            if doubt:
                unmatched[student.key] = doubt
            else:
                found[student.key] = row
        elif len(by_name) == 1 and names[name] == names_of_rows[name] == 1:
            found[student.key] = by_name[0]
        elif by_name:
            unmatched[student.key] = "only a name tells the row, and it is not the only one of that name"
        else:
            unmatched[student.key] = "no row of the table has one of their keys"
    _part(found, unmatched)
    return Matches({key: row.index for key, row in found.items()}, unmatched)


def named(name: str) -> str:
    """A name as names are compared: `Lovelace, Ada` is `ada lovelace`."""
    last, comma, first = name.partition(",")
    return folded(f"{first} {last}" if comma and "," not in first else name)


def folded(key: str) -> str:
    """A key as keys are compared: case, spaces and the spelling of accents make no difference."""
    return " ".join(unicodedata.normalize("NFC", key).casefold().split())


def repeated(keys: Iterable[str]) -> set[str]:
    """Those keys, folded, that are there more than once."""
    return {key for key, times in Counter(map(folded, keys)).items() if times > 1 and key}


def _part(found: dict[str, Row], unmatched: dict[str, str]) -> None:
    """Take a row from all students who would get the same one."""
    claims = defaultdict(list)
    for key, row in found.items():
        claims[row.index].append(key)
    for claimants in claims.values():
        for key in claimants if len(claimants) > 1 else ():
            del found[key]
            others = ", ".join(other for other in claimants if other != key)
            unmatched[key] = f"their row of the table would be that of {others} too"


def _shared(student: Mapping[str, str], row: Mapping[str, str]) -> set[str]:
    """Kinds of key that are the same on both sides; many courses log in with the e-mail address."""
    same = {kind for kind in student.keys() & row.keys() if student[kind] == row[kind]}
    return same | ({"login"} if "email" in student and student["email"] == row.get("login") else set())


def _contradiction(student: Student, keys: Mapping[str, str], row: Row, other: Mapping[str, str]) -> str:
    """What speaks against a row with a key of theirs; empty for nothing.

    A participant's number is another one in each assignment: alone, it would fit the worksheet of any.
    """
    same = _shared(keys, other)
    different = (keys.keys() & other.keys()) - same
    if different:
        return f"a row has their {', '.join(sorted(same))}, but another {', '.join(sorted(different))}"
    ours, its = _letters(student.name), _letters(row.name)
    if same == {"participant"} and ours and its and ours != its:
        return f"their number belongs to {row.name} in this table; is it of another assignment?"
    return ""


def _letters(name: str) -> str:
    """What is left of a name where it was made part of a file's name."""
    return "".join(sign for sign in named(name) if sign.isalnum())


def _known(keys: Mapping[str, str]) -> dict[str, str]:
    return {kind: folded(key) for kind, key in keys.items() if key.strip()}
