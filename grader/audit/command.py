"""What `grader audit` does, once its arguments are understood: exercises in, a folder of findings out.

OUT/audit.json     everything
OUT/index.html     the same to look at
OUT/store.sqlite   verdicts, so that the next audit judges only what changed
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader import files
from grader.audit.examine import Means, audit
from grader.audited import Audit
from grader.batch.job import Settings
from grader.batch.store import Store
from grader.catalog import Catalog
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
    salt = read_salt()
    names = tuple(exercise.name for exercise in exercises)
    settings = Settings(str(catalog.root), names, True, 0, True, (), salt.fingerprint, "")
    with contextlib.ExitStack() as opened:
        store = opened.enter_context(Store.at(options.out.absolute() / STORE))
        # Everything that is graded here is ours: nothing needs to be confined.
        session = opened.enter_context(Session(exercises, full=True, allow_unjailed=True, salt=salt))
        means = Means(session, settings, store, options.jobs, options.seeds, options.mutants, say)
        found = audit(exercises, means)
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
