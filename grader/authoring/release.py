"""The lesson as students receive it: the tree without `solutions/` and whatever needs it, as one zip.

Refused where it could not be vouched for: a stub that is not what its reference says may hold a solution, and text of
`solutions/` may have found its way into another file.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.authoring import notebooks
from grader.authoring.leaks import leaks, secrets_of
from grader.authoring.packing import Packing, content_of, write_zip
from grader.authoring.stubs import is_stale
from grader.catalog import Catalog, Exercise
from grader.errors import UsageError

TOP = "lesson/"
SHOWN = 40
"""Characters of a passage that a message shows."""
README = "docs/student.md"
FROM_ROOT = {
    ".gitignore": ".gitignore",
    "LICENSE": "LICENSE",
    "Makefile": "Makefile",
    "README.md": README,
    "constraints.txt": "constraints.txt",
    "pyproject.toml": "pyproject.toml",
}
"""name in the release -> file of the whole lesson; development.mk stays at home, with all targets that need more"""


def write_release(catalog: Catalog, exercises: Sequence[Exercise], out: Path) -> Packing:
    """Write the release of these exercises; raises UsageError if it would hold what no student may receive."""
    for exercise in catalog.exercises:  # a leak from an exercise that is not released is a leak as well
        for path in (exercise.reference, exercise.hidden_checks):
            if not path.is_file():
                raise UsageError(f"{path}: is missing; a release is compared with solutions/, to hold nothing of it")
        if is_stale(exercise):
            raise UsageError(
                f"{exercise.stub}: is not what its reference says, and may hold a solution; run `grader stubs`"
            )
        if exercise.notebook.is_file() and notebooks.is_stale(exercise):
            raise UsageError(f"{exercise.notebook}: is not what its exercise says; run `grader notebooks`")
    packing = Packing()
    packing.add_engine(TOP)
    for exercise in exercises:
        packing.add_exercise(exercise, TOP)
    for name, source in FROM_ROOT.items():
        packing.add(TOP + name, catalog.root / source)
    contents = {name: content_of(source) for name, source in packing.files.items()}
    secrets = [secret for exercise in catalog.exercises for secret in secrets_of(exercise)]
    for name, secret in leaks(secrets, contents):
        raise UsageError(
            f"{packing.files[name]}: holds text of {secret.owner} (`{secret.passage[:SHOWN]}`, without spaces), "
            "which no student may receive; reword one of the two"
        )
    write_zip(out, contents)
    return packing
