"""Takes what an LMS hands out, a zip or a folder, and says who handed in what. It reads a submission when asked for it.

Formats, told by their content (or by `format`):

    gradescope   `submission_metadata.yml` beside `submission_123/`; each member of a group gets the group's files
    moodle       `Jane Doe_123_assignsubmission_file/hw.py`, the zip, its folders, or flat without folders
    blackboard   `HW_jdoe_attempt_2026-11-20-23-10-05_hw.py`; the latest attempt counts
    canvas       `doejane_LATE_123_456_hw-1.py` as `Download Submissions` gives it, anonymous ones too
    git          checkouts in folders `assignment-username`; the part that all names begin with is the assignment
    nbgrader     `submitted/STUDENT/ASSIGNMENT/hw.py` with `timestamp.txt`, from the course's folder or `submitted`
    folder       a folder, a zip, a .py file or a notebook for each student; or one student's own folder

Each hand-in may be .py files, folders of them, or zips of either, one level deep. NAME.py is found at its top, in
NAME/ or below other folders, in any case, and as `hw-1.py` or `hw (1).py`, of which the latest is taken. With a
single exercise and a single .py file any name will do, save that of another exercise. All that goes for notebooks too,
where the stubs of the exercises are known; a .py file counts before a notebook, unless it is the untouched stub.
Times of handing in are known of Gradescope and nbgrader, late marks of Canvas, neither of Moodle, Blackboard (whose
times lack a zone), git and folders.

What cannot be read here is not held against its owner: reading it raises UnreadableError.

A roster is a CSV with a header, separated by comma, semicolon or tab, such as Canvas's gradebook export, Moodle's
grading worksheet or participants, or Gradescope's roster. It adds names, numbers and e-mails, and tells who handed in
nothing. Who cannot be joined without doubt stays as the download has them, with a note.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

from grader.catalog import Stub, pick
from grader.errors import UsageError
from grader.intake.archive import File, Tree, clean, few, open_folder, open_zip
from grader.intake.keys import make_key, set_apart
from grader.intake.layouts import LAYOUTS, Found, recognise
from grader.intake.picking import first_notes, unpack
from grader.intake.roster import Joined, join, read_roster
from grader.intake.wanted import Wanted
from grader.results import Student
from grader.submission import Unpacked

FORMATS: tuple[str, ...] = tuple(LAYOUTS)

__all__ = ["FORMATS", "Handed", "Intake", "Unpacked", "open_submissions", "read_hand_in"]


@dataclass(frozen=True)
class Handed:
    """What one student handed in, not read yet."""

    student: Student
    origin: str
    """where it lies, as the instructor would look for it"""
    notes: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    """with its time zone"""
    late: bool = False
    """the LMS's own mark"""


class Intake:
    """The hand-ins of a class. Close it, or use it in a `with`: it keeps a zip open."""

    def __init__(
        self,
        form: str,
        handed: Mapping[Handed, tuple[File, ...]],
        wanted: Wanted,
        closing: ExitStack,
        missing: Sequence[Student],
        notes: Sequence[str],
    ) -> None:
        self.format = form
        self.handed = tuple(sorted(handed, key=lambda one: one.student.key))
        self.missing = tuple(missing)
        """who is on the roster and handed in nothing"""
        self.notes = tuple(notes)
        """what was ignored and is nobody's"""
        self._files = {one.student.key: files for one, files in handed.items()}
        self._wanted = wanted
        self._closing = closing

    @property
    def description(self) -> str:
        """What this is, in a line."""
        late = sum(one.late for one in self.handed)
        students = len(self.handed)
        parts = [f"{LAYOUTS[self.format].title}: {students} student{'s' * (students != 1)}"]
        parts += [f"{late} marked late"] * bool(late)
        parts += [f"{len(self.missing)} of the roster handed in nothing"] * bool(self.missing)
        return ", ".join(parts)

    def read(self, handed: Handed) -> Mapping[str, bytes]:
        """The source of each exercise that was handed in; raises UsageError if nothing of it can be graded.

        The error is an UnreadableError where that is not the student's fault.
        """
        return self.unpack(handed).sources

    def unpack(self, handed: Handed) -> Unpacked:
        """The same, with all that was noticed in zips and files that could not be known before."""
        unpacked = unpack(self._files[handed.student.key], self._wanted, handed.origin)
        return replace(unpacked, notes=tuple(note for note in unpacked.notes if note not in handed.notes))

    def close(self) -> None:
        self._closing.close()

    def __enter__(self) -> "Intake":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_submissions(
    path: Path,
    exercises: Sequence[str],
    *,
    others: Sequence[str] = (),
    stubs: Mapping[str, Stub] | None = None,
    format: str | None = None,
    roster: Path | None = None,
) -> Intake:
    """Who handed in what; raises UsageError if `path` or `roster` cannot be made sense of.

    `others` are the exercises of the catalog that are not graded: their files are nobody's work on `exercises`. With
    the `stubs` of the exercises, notebooks are read, too.
    """
    wanted = Wanted(exercises, others, stubs or {})
    named = pick(format, list(FORMATS), "format") if format else None
    listed = read_roster(roster) if roster else []
    with ExitStack() as opened:
        tree = _open(path, opened)
        form, seen, found = recognise(tree, wanted, named)
        students, joined = _name(found, listed)
        all_notes = [(*notes, *first_notes(one.files, wanted)) for one, notes in zip(found, joined.notes, strict=True)]
        handed = {
            Handed(student, one.origin, (*one.notes, *notes), one.submitted_at, one.late): one.files
            for one, student, notes in zip(found, students, all_notes, strict=True)
        }
        missing = _missing(joined.missing, students)
        strangers = LAYOUTS[form].strangers(seen, found)
        notes = [*tree.notes, *few([f"ignored {file.where}, which {_stranger(file)}" for file in strangers])]
        return Intake(form, handed, wanted, opened.pop_all(), missing, notes)


def read_hand_in(path: Path, wanted: Wanted) -> Unpacked:
    """What one student handed in, as a folder or a zip; raises UsageError if nothing of it can be graded."""
    with ExitStack() as opened:
        tree = _open(path, opened)
        unpacked = unpack(tree.files, wanted, clean(str(path)))
        return replace(unpacked, notes=(*tree.notes, *unpacked.notes))


def _open(path: Path, opened: ExitStack) -> Tree:
    try:
        if path.is_dir():
            return open_folder(path)
        file = opened.enter_context(path.open("rb"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file or folder; name the LMS's zip, or the folder of the hand-ins") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read ({reason}); check its name and permissions") from None
    tree = open_zip(file, clean(path.name))
    opened.callback(tree.close)
    return tree


def _stranger(file: File) -> str:
    return file.refused or file.unreadable or "is nobody's"


def _name(found: Sequence[Found], roster: Sequence[Student]) -> tuple[list[Student], Joined]:
    """The students with their own keys, and what the roster knows of them."""
    keys = set_apart([one.student.key for one in found], [one.origin for one in found])
    joined = join([one.student for one in found], [one.handle for one in found], roster)
    return [replace(student, key=key) for student, key in zip(joined.students, keys, strict=True)], joined


def _missing(students: Sequence[Student], handed: Sequence[Student]) -> list[Student]:
    identities = [
        make_key(one.name, one.id or one.sis_id or one.participant or one.login or one.email) for one in students
    ]
    keys = set_apart(identities, [repr(one) for one in students], [one.key for one in handed])
    return [replace(student, key=key) for student, key in zip(students, keys, strict=True)]
