"""What `grader audit` does, once its arguments are understood: exercises in, a folder of findings out.

OUT/audit.json     everything
OUT/index.html     the same to look at
OUT/store.sqlite   verdicts, so that the next audit judges only what changed
"""

import contextlib
import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import cast

import grader
from grader import files
from grader.audit.bulk import Bulk
from grader.audit.examine import FIRST_SEED, Means, audit, audited_digest
from grader.audit.records import read_records
from grader.audited import Audit, ExerciseAudit
from grader.batch import pool
from grader.batch.job import Settings
from grader.batch.store import Store
from grader.catalog import Catalog, Exercise
from grader.errors import BrokenError, GraderError, UsageError
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
    """a document to write the tables to; what it tells of other exercises stays"""
    changed: bool = False
    """whether exercises are left alone that the document tells of as they are, with nothing to fix"""

    @property
    def all_seeds(self) -> tuple[int, ...]:
        return tuple(range(FIRST_SEED, FIRST_SEED + self.seeds))


def audit_exercises(catalog: Catalog, options: Options, say: Callable[[str], None]) -> Audit:
    """Audit exercises and write down what was found; raises UsageError and BrokenError."""
    exercises = catalog.select(options.exercises)
    chapters = _chapters(options.tables) if options.tables else {}
    if options.changed:
        exercises = tuple(one for one in exercises if not _is_settled(one, chapters, mutants=options.mutants))
    for exercise in exercises:
        require_solutions(exercise)
    if not exercises:
        return Audit(grader.__version__, (), options.mutants, ())
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {options.out}: cannot be made ({error.strerror})") from None
    for exercise in exercises:
        read_records(exercise)  # what cannot be read is said at once
    Store.at(options.out.absolute() / STORE).close()  # made once, for several processes to open
    parts = _side_by_side(catalog, exercises, options, say)
    found = Audit(grader.__version__, options.all_seeds, options.mutants, parts)
    written = {
        options.out / "audit.json": audit_json.render(found),
        options.out / "index.html": pages.render_audit(found),
    }
    if options.tables:
        order = [exercise.name for exercise in catalog.exercises]
        written[options.tables] = audit_tables.render(found, order, chapters)
    for path, text in written.items():
        try:
            files.replace(path, text)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from None
    return found


def _chapters(tables: Path) -> dict[str, str]:
    """What a document tells by now; raises UsageError for one that is something else."""
    try:
        text = tables.read_text("utf-8") if tables.exists() else audit_tables.TITLE
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--tables {tables}: cannot be read ({getattr(error, 'strerror', 'no UTF-8')})") from None
    if not text.startswith(audit_tables.TITLE):
        raise UsageError(f"--tables {tables}: holds something else than tables of an audit; name another file")
    return audit_tables.chapters_of(text)


def _is_settled(exercise: Exercise, chapters: dict[str, str], *, mutants: bool) -> bool:
    chapter = chapters.get(exercise.name, "")
    return audit_tables.is_settled(chapter, exercise.name, audited_digest(exercise), mutants=mutants)


@dataclass(frozen=True)
class _Bench:
    """What the audits of all exercises have in common."""

    catalog: Catalog
    options: Options
    say: Callable[[str], None]
    cores: Semaphore | None = None
    """those of the machine, which several audits share; None where no process can be forked"""


def _side_by_side(
    catalog: Catalog, exercises: tuple[Exercise, ...], options: Options, say: Callable[[str], None]
) -> tuple[ExerciseAudit, ...]:
    """Audit exercises at the same time, each in a process of its own, so that no core waits for the last of one."""
    if sys.platform != "linux":  # elsewhere a process that is forked is no safe place
        return tuple(_audit(exercise, _Bench(catalog, options, say)) for exercise in exercises)
    forking = multiprocessing.get_context("fork")
    bench = _Bench(catalog, options, say, forking.Semaphore(options.jobs))
    processes, lines = [], []
    for exercise in exercises:
        ours, theirs = forking.Pipe(duplex=False)
        processes.append(forking.Process(target=_audit_there, args=(exercise, bench, theirs)))
        processes[-1].start()
        theirs.close()
        lines.append(ours)
    # If one cannot go on, what the others judge meanwhile is kept, and known to the next audit.
    found = [_heard(line) for line in lines]
    for process in processes:
        process.join()
    for one in found:
        if isinstance(one, GraderError):
            raise one
    return tuple(one for one in found if isinstance(one, ExerciseAudit))


def _audit_there(exercise: Exercise, bench: _Bench, line: Connection) -> None:
    """Audit an exercise in a process of its own, and send what was found, or what is wrong."""
    pool.end_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            line.send(_audit(exercise, bench))
        except GraderError as error:
            line.send(error)


def _heard(line: Connection) -> ExerciseAudit | GraderError:
    try:
        return cast("ExerciseAudit | GraderError", line.recv())
    except EOFError:
        return BrokenError("a process of the audit died")


def _audit(exercise: Exercise, bench: _Bench) -> ExerciseAudit:
    options, salt = bench.options, read_salt()
    settings = Settings(
        str(bench.catalog.root), (exercise.name,), True, FIRST_SEED, True, (), salt.fingerprint, keys=""
    )
    # Everything that is graded here is ours: nothing needs to be confined. One warm process for each exercise, since
    # what the others forbid could not be warm.
    with (
        Store.at(options.out.absolute() / STORE) as store,
        Session((exercise,), full=True, allow_unjailed=True, salt=salt) as session,
    ):
        if bench.cores:
            session.bench.launcher.core = pool.SharedCore(bench.cores)
        bulk = Bulk.of(session, exercise, settings, options.all_seeds, store, options.jobs, bench.cores)
        return audit(exercise, Means(session, bulk, options.all_seeds, options.mutants, bench.say))
