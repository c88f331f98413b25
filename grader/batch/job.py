"""One piece of a batch's work, as any process of any pool does it: judge one file of one exercise.

A process keeps what the next job can use: warm workers, drawn cases, the oracle's replies.
"""

import contextlib
import math
import platform
import threading
import traceback
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.batch.keys import check_keys, digest
from grader.batch.store import Kept
from grader.catalog import read_catalog
from grader.errors import GraderError, UsageError
from grader.grade import Session
from grader.salt import NO_SALT, read_salt
from grader.verdict import Verdict
from grader.worker.isolation import Isolation, weakest
from grader.worker.watch import Doubt


@dataclass(frozen=True)
class Settings:
    """What all jobs of a batch have in common, and what a process must find where it runs."""

    root: str
    exercises: tuple[str, ...]
    full: bool
    seed: int
    allow_unjailed: bool
    unreadable: tuple[str, ...]
    """files that no submission may read, such as the others"""
    salt: str
    """the fingerprint of the secret in the inputs"""
    keys: str
    """the digest of all checks' keys: whoever finds another one would grade something else"""
    isolation: str = Isolation.NONE
    """how well submissions must be confined at least"""

    @property
    def jailed(self) -> bool:
        """Whether a submission that cannot be confined is not judged."""
        return self.full and not self.allow_unjailed


@dataclass(frozen=True)
class Job:
    """Judge the wanted checks on one file; `known` are the verdicts of its other public ones."""

    exercise: str
    source: str
    """the digest of the file"""
    content: bytes | None
    wanted: tuple[str, ...]
    known: Mapping[str, Verdict]
    until_caught: bool = False
    """whether the first check that is not passed is the last that is judged"""
    explain: bool = True
    """whether anybody will read what is said of failures"""
    first: tuple[str, ...] = ()
    """the checks that are judged before the others"""
    call_s: float = math.inf
    """seconds that a call may take, where the exercise allows more"""
    seed: int | None = None
    """of the inputs, where it is not that of the settings"""


@dataclass(frozen=True)
class Done:
    """What became of each wanted check."""

    verdicts: dict[str, Kept]
    doubt: Doubt = Doubt.NONE
    """whether a time limit was hit where the machine may have been too busy"""

    @property
    def is_certain(self) -> bool:
        """Whether nothing of it is or may be our fault: else it must not be written down."""
        broken = any(kept.verdict is Verdict.BROKEN for kept in self.verdicts.values())
        return self.doubt is Doubt.NONE and not broken


def do(settings: Settings, job: Job) -> Done:
    """Judge it; `broken` where anything but the submission is at fault."""
    try:
        with _borrowed(settings) as session:
            grading = session.judge(
                job.exercise,
                job.content,
                settings.seed if job.seed is None else job.seed,
                job.wanted,
                job.known,
                until_caught=job.until_caught,
                explain=job.explain,
                first=job.first,
                call_s=job.call_s,
            )
    except UsageError:
        raise
    except GraderError as error:
        return all_broken(job, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and must not cost the others their grades
        place = traceback.extract_tb(error.__traceback__)[-1]
        return all_broken(
            job, f"the grader crashed ({type(error).__name__} at {Path(place.filename).name}:{place.lineno})"
        )
    isolation = grading.isolation
    verdicts = {
        judged.id: Kept(judged.verdict, judged.message, judged.kind, judged.duration_s, isolation, judged.misconception)
        for judged in grading.judged.values()
    }
    return Done(verdicts, grading.doubt)


def all_broken(job: Job, why: str) -> Done:
    """What became of a job that could not be done."""
    return Done({check_id: Kept(Verdict.BROKEN, why, "", 0.0, "") for check_id in job.wanted})


def new_session(settings: Settings, *, start: bool = True) -> Session:
    """A session for these settings; raises UsageError where its exercises or a jail are missing."""
    return Session(
        read_catalog(Path(settings.root)).select(settings.exercises),
        full=settings.full,
        allow_unjailed=settings.allow_unjailed,
        unreadable=map(Path, settings.unreadable),
        salt=read_salt() if settings.full else NO_SALT,
        start=start,
    )


def open_session(settings: Settings) -> Session:
    """A session for a batch that was planned elsewhere; raises UsageError where another grade would come out."""
    session = new_session(settings)
    try:
        keys = digest(check_keys(session.checks, settings.seed, session.salt, jailed=settings.jailed).values())
        if settings.keys != keys:
            raise UsageError(
                f"{platform.node()}: {settings.root} holds other exercises, or the secret or the versions of libraries "
                "are others than where the batch was started; make them the same"
            )
        isolation = session.bench.confinement().isolation if settings.isolation != Isolation.NONE else Isolation.NONE
        if weakest([isolation, Isolation(settings.isolation)]) != settings.isolation:
            raise UsageError(
                f"{platform.node()}: submissions are not confined as well as where the batch was started "
                f"({isolation}, not {settings.isolation}); `grader doctor` there says why"
            )
    except BaseException:
        session.close()
        raise
    return session


def lend(settings: Settings, session: Session) -> None:
    """Let this process's jobs use a session."""
    with _LOCK:
        _IDLE[settings].append(session)


# A process may do several jobs at a time, in threads; a session does one.
_IDLE: dict[Settings, list[Session]] = defaultdict(list)
_LOCK = threading.Lock()


@contextlib.contextmanager
def _borrowed(settings: Settings) -> Iterator[Session]:
    with _LOCK:
        session = _IDLE[settings].pop() if _IDLE[settings] else open_session(settings)
    try:
        yield session
    except BaseException:
        session.close()  # whatever it was, the next job starts with warm processes of its own
        raise
    lend(settings, session)
