"""Grades one submission and writes its results; `grader.lms` runs it, and sees to it that it comes to an end.

Standard output and standard error are the instructor's: what a submission prints reaches neither.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from grader.authoring.stubs import stubs_of
from grader.catalog import find_root, read_catalog
from grader.errors import UsageError
from grader.grade import Session
from grader.intake.archive import open_folder
from grader.intake.picking import unpack
from grader.intake.wanted import Wanted
from grader.lms.surfaces import SURFACES, Surface
from grader.salt import read_salt, secret_file
from grader.submission import existing_secrets


def judge(surface: Surface, submission: Path, names: Sequence[str]) -> str:
    """The results of a submission, as this LMS wants them; raises BrokenError if the checks cannot run."""
    catalog = read_catalog(find_root(Path.cwd()))
    exercises = catalog.select(tuple(names))
    stubs = stubs_of(exercises)
    wanted = Wanted(list(stubs), catalog.others(exercises), stubs)
    try:
        unpacked = unpack(open_folder(submission).files, wanted, "your submission")
        notes = [note.replace(f"{submission}/", "") for note in (*unpacked.accounts, *unpacked.notes)]
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        unreadable = existing_secrets([secret_file(), *sorted(submission.rglob("*"))])
        with Session(exercises, full=True, unreadable=unreadable, salt=read_salt()) as session:
            return surface.render(session.grade(unpacked.sources), notes)
    except UsageError as error:
        return surface.refuse(str(error))


if __name__ == "__main__":
    lms, folder, out, *chosen = sys.argv[1:]
    Path(out).write_text(judge(SURFACES[lms], Path(folder), chosen), "utf-8")
