"""What `grader audit` does, once its arguments are understood: exercises in, a folder of findings out.

OUT/audit.json     everything
OUT/index.html     the same to look at
OUT/store.sqlite   verdicts, so that the next audit judges only what changed
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grader
from grader import files
from grader.audit.examine import FIRST_SEED, Means, audit
from grader.audited import Audit, ExerciseAudit
from grader.batch.job import Settings
from grader.batch.store import Store
from grader.catalog import Catalog, Exercise
from grader.errors import UsageError
from grader.grade import Session, require_solutions
from grader.salt import read_salt
from grader.writers import audit_json, audit_tables, pages

STORE = "store.sqlite"


@dataclass(frozen=True)
class Options:
    """How exercises are to be audited."""

    exercises: tuple[str, ...]
    out: Path
    seeds: int
    jobs: int
    mutants: bool
    tables: Path | None = None
    """a document to write the tables to"""


def audit_exercises(catalog: Catalog, options: Options, say: Callable[[str], None]) -> Audit:
    """Audit exercises and write down what was found; raises UsageError and BrokenError."""
    exercises = catalog.select(options.exercises)
    for exercise in exercises:
        require_solutions(exercise)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {options.out}: cannot be made ({error.strerror})") from None
    with Store.at(options.out.absolute() / STORE) as store:
        seeds = tuple(range(FIRST_SEED, FIRST_SEED + options.seeds))
        parts = tuple(_audit(catalog, exercise, store, options, say) for exercise in exercises)
    found = Audit(grader.__version__, seeds, options.mutants, parts)
    written = {
        options.out / "audit.json": audit_json.render(found),
        options.out / "index.html": pages.render_audit(found),
    }
    if options.tables:
        written[options.tables] = audit_tables.render(found)
    for path, text in written.items():
        try:
            files.replace(path, text)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from None
    return found


def _audit(
    catalog: Catalog, exercise: Exercise, store: Store, options: Options, say: Callable[[str], None]
) -> ExerciseAudit:
    salt = read_salt()
    settings = Settings(str(catalog.root), (exercise.name,), True, 0, True, (), salt.fingerprint, "")
    # Everything that is graded here is ours: nothing needs to be confined. One warm process for each exercise, since
    # what the others forbid could not be warm.
    with Session((exercise,), full=True, allow_unjailed=True, salt=salt) as session:
        return audit(exercise, Means(session, settings, store, options.jobs, options.seeds, options.mutants, say))
