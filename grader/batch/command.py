"""What `grader batch` does, once its arguments are understood: a class in, a folder of results out.

OUT/results.json      everything, for `grader diff` and other tools (the last one is kept as `previous.json`)
OUT/grades.csv        a row per student
OUT/index.html        the class; OUT/students/KEY.html a page each
OUT/store.sqlite      verdicts, as they are known, unless another store is named
"""

import contextlib
import filecmp
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import grader
from grader import files
from grader.authoring.stubs import stubs_of
from grader.batch import pool
from grader.batch.job import Settings, new_session
from grader.batch.keys import check_keys, digest
from grader.batch.pool import Pool
from grader.batch.progress import Talk
from grader.batch.run import Batch
from grader.batch.store import Store
from grader.catalog import Catalog
from grader.errors import UsageError
from grader.grade import Session, require_solutions
from grader.intake import Intake, open_submissions
from grader.policy import Policy, read_policy, unknown_extensions
from grader.results import Results
from grader.salt import secret_file
from grader.submission import existing_secrets
from grader.worker.isolation import Isolation
from grader.writers import gradebooks, pages, results_json

RESULTS, NEW_RESULTS, PREVIOUS, STORE = "results.json", ".results.json", "previous.json", "store.sqlite"
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Options:
    """How a batch is to be graded."""

    submissions: Path
    out: Path
    exercises: tuple[str, ...] = ()
    full: bool = True
    jobs: int = 1
    seed: int = 0
    format: str | None = None
    roster: Path | None = None
    policy: Path | None = None
    store: str = ""
    dask: str = ""
    allow_unjailed: bool = False


@dataclass(frozen=True)
class Summary:
    """What there is to say when a batch is through."""

    results: Results
    judged: int
    """files that were judged in this run; the others were known"""
    changed: bool
    """whether grades of the last run are others now"""

    @property
    def broken(self) -> int:
        """Students whose grade our own fault stands in the way of."""
        return sum(grade.final is None for grade in self.results.grades)


def grade_class(catalog: Catalog, options: Options, say: Callable[[str], None]) -> Summary:
    """Grade a class; raises UsageError for what the person at the keyboard can mend, BrokenError for what is ours."""
    exercises = catalog.select(options.exercises)
    _require_apart(options)
    if options.full:
        for exercise in exercises:
            require_solutions(exercise)
    names = [exercise.name for exercise in exercises]
    tasks = [task.id for exercise in exercises for task in exercise.config.tasks]
    policy = read_policy(options.policy, tasks) if options.policy else None
    with contextlib.ExitStack() as opened:
        intake = opened.enter_context(
            open_submissions(
                options.submissions,
                names,
                others=catalog.others(exercises),
                stubs=stubs_of(exercises),
                format=options.format,
                roster=options.roster,
            )
        )
        say(intake.description)
        for note in intake.notes:
            say(f"note: {note}")
        store = opened.enter_context(_open_store(options))
        for note in _doubts(policy, intake) if policy else ():
            say(f"note: {note}")
        settings = _settings(catalog, names, options)
        # Where all is to be judged, the warm process can import what it needs while the rest is made ready.
        session = opened.enter_context(new_session(settings, start=store.is_empty() and not options.dask))
        keys = check_keys(session.checks, options.seed, session.salt, jailed=settings.jailed)
        settings = replace(settings, salt=session.salt.fingerprint, keys=digest(keys.values()))
        batch = Batch(intake, session.checks, keys, store, settings)
        for name in batch.absent:
            say(f"note: nobody handed in {name}.py, so all get 0 for it; name what to grade with --exercise")
        say(_outlook(batch, len(intake.handed)))
        with Talk(sys.stderr, len(batch.plan)) as talk:
            batch.grade(_pools(options, settings, session, opened), talk.judged, talk.retrying)
        grades = tuple(batch.grades(policy))
    results = Results(options.submissions.stem, grades, options.seed, options.full, grader.__version__, intake.missing)
    changed = _write(results, options.out)
    return Summary(results, len(batch.plan), changed)


def _require_apart(options: Options) -> None:
    out, submissions = _resolved(options.out), _resolved(options.submissions)
    if out.is_relative_to(submissions):
        raise UsageError(
            f"--out {options.out}: lies in {options.submissions}, where the next run would take it for a hand-in; "
            "name a folder elsewhere"
        )


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links in a circle, which whoever opens it will say
        return path.absolute()


def _doubts(policy: Policy, intake: Intake) -> Iterator[str]:
    """What of a policy this class gives no cause for, which may not be meant so."""
    for who in unknown_extensions(policy, [*intake.missing, *(one.student for one in intake.handed)]):
        yield f"the policy extends the deadline for `{who}`, and nobody of the class is called so"
    timeless = sum(one.submitted_at is None for one in intake.handed)
    if policy.deadline and timeless:
        of_whom = "anybody" if timeless == len(intake.handed) else f"{timeless} of the students"
        yield f"the policy has a deadline, but no time of handing in is known of {of_whom}: only late marks count"


def _settings(catalog: Catalog, names: Sequence[str], options: Options) -> Settings:
    """What all jobs have in common, but for what a session tells: the secret's fingerprint and the checks' keys."""
    secrets = tuple(map(str, _secrets(options)))
    root, full = str(catalog.root), options.full
    return Settings(root, tuple(names), full, options.seed, options.allow_unjailed, secrets, salt="", keys="")


def _open_store(options: Options) -> Store:
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {options.out}: cannot be made ({error.strerror})") from None
    return Store(options.store) if options.store else Store.at(options.out.absolute() / STORE)


def _pools(
    options: Options, settings: Settings, session: Session, opened: contextlib.ExitStack
) -> Callable[[], tuple[Settings, Pool]]:
    """Makes the pool, and makes it anew when it broke; what is costly and survives is made once."""

    @functools.cache
    def ready() -> Session:
        session.start()
        if options.full or not options.dask:
            pool.rehearse(settings, session)
        return session

    def make() -> tuple[Settings, Pool]:
        if not options.dask:
            return settings, pool.local(settings, ready(), options.jobs)
        isolation = Isolation.NONE if options.allow_unjailed else ready().bench.confinement().isolation
        return replace(settings, isolation=isolation), opened.enter_context(pool.cluster(options.dask))

    return make


def _secrets(options: Options) -> list[Path]:
    """What no submission must read, besides the exercises' own files: the others, and what is known of them."""
    named = [secret_file(), options.roster, options.policy, options.out.absolute() / STORE]
    submissions = options.submissions
    # What cannot be listed or read here is left out: no submission has more rights.
    below = (Path(folder, name) for folder, _, names in os.walk(submissions) for name in names)
    return existing_secrets([*named, *(sorted(below) if submissions.is_dir() else [submissions])])


def _outlook(batch: Batch, students: int) -> str:
    files = len(batch.plan)
    whose = f"{students} student{'s' * (students != 1)}"
    if not files:
        return f"{whose}: all is known, nothing needs judging"
    return f"{whose}: {files} file{'s need' if files != 1 else ' needs'} judging"


def _write(results: Results, out: Path) -> bool:
    """Write all that is made of the results; whether grades of the last run are others now.

    The results themselves come last: where they are as before, so is all that was made of them.
    """
    path, new = out / RESULTS, out / NEW_RESULTS
    _replace(new, results_json.pieces(results))
    known = path.is_file()
    changed = known and not filecmp.cmp(path, new, shallow=False)
    if changed:
        _replace(out / PREVIOUS, _chunks(path))
    try:
        if known and not changed and (out / "index.html").is_file():
            new.unlink()
            return False
        _replace(out / "grades.csv", gradebooks.write("plain", results).content)
        written = set()
        for name, content in pages.render(results):
            _replace(out / name, content)
            written.add(out / name)
        for page in (out / "students").glob("*.html"):  # of somebody who is no longer in the class
            if page not in written:
                page.unlink()
        new.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    return changed


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _replace(path: Path, content: str | bytes | Iterable[str | bytes]) -> None:
    try:
        files.replace(path, content)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written ({error.strerror})")
