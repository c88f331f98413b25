"""Makes a course for nbgrader: an assignment with the notebook of an exercise, and a configuration that grades it.

The source notebook holds the solutions in their regions, as nbgrader wants it; beside it lies what students need to
check their work in a notebook, for nbgrader hands out what lies there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader import files
from grader.authoring.notebooks import make_notebook
from grader.authoring.packing import Packing, content_of
from grader.authoring.stubs import stub_of
from grader.catalog import Catalog, Exercise
from grader.errors import UsageError

CONFIG, STEPS = "nbgrader_config.py", b"grader.nbgrader"
SHOWN = frozenset({".png", ".svg"})
"""what the text of a notebook shows, by its name alone"""
CONFIGURATION = """\
# Written by `grader nbgrader`: notebooks are graded from outside, so that no cell of a student ever runs.
from pathlib import Path

c = get_config()
c.CourseDirectory.root = str(Path(__file__).parent)
try:
    from grader.nbgrader import configure

    configure(c, lesson={lesson!r})
except Exception as error:  # nbgrader would go on without us, and believe what the code of a student says
    raise SystemExit(f"{{__file__}}: {{error}}")
"""


def write_course(
    catalog: Catalog, exercises: Sequence[Exercise], course: Path, assignment: str, *, force: bool
) -> list[Path]:
    """Write what is not there yet, and return its paths; raises UsageError where something else is in its place."""
    wanted = dict(_files(catalog, exercises, assignment))
    missing = [name for name in wanted if force or not (course / name).exists()]
    for name in sorted(wanted.keys() - missing):
        present = content_of(course / name)
        if name == CONFIG and STEPS in present:  # whatever else an instructor has put there
            continue
        if present != wanted[name]:
            raise UsageError(
                f"{course / name}: is there already and differs; look at it, then move it away or say --force"
            )
    try:
        for name in missing:
            files.replace(course / name, wanted[name])
    except OSError as error:
        raise UsageError(f"{course / name}: cannot be written ({error.strerror})") from None
    return [course / name for name in missing]


def _files(catalog: Catalog, exercises: Sequence[Exercise], assignment: str) -> Iterator[tuple[str, bytes]]:
    yield CONFIG, CONFIGURATION.format(lesson=str(catalog.root.resolve())).encode()
    for exercise in exercises:
        place = f"source/{assignment or exercise.name}"
        yield f"{place}/{exercise.name}.ipynb", make_notebook(exercise, solved=True).encode()
        packing = Packing()
        packing.add_exercise(exercise, f"{place}/")
        for name, path in packing.files.items():
            if path != exercise.notebook:  # students get one already
                yield name, stub_of(exercise.reference).encode() if path == exercise.stub else content_of(path)
            if path.suffix in SHOWN and path.parent == exercise.folder:
                yield f"{place}/{path.name}", content_of(path)
