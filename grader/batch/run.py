"""A batch from end to end: what is known is looked up, the rest is judged and written down as it comes.

The grades of the class are put together from what is written, so an interrupted batch and an uninterrupted one agree.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.batch import pool
from grader.batch.job import Done, Job, Settings, all_broken
from grader.batch.keys import ABSENT, source_digest
from grader.batch.pool import Pool
from grader.batch.store import Kept, Store, slices
from grader.catalog import Exercise
from grader.checking.collecting import Collected
from grader.errors import UnreadableError, UsageError
from grader.grade import report_of
from grader.intake import Handed, Intake
from grader.policy import Policy, apply
from grader.report import Judged, Report
from grader.results import Grade
from grader.verdict import Verdict
from grader.worker.isolation import Isolation, weakest
from grader.worker.watch import Doubt

AT_ONCE = 16
"""Hand-ins that are looked at together: sources may be large, and memory must not grow with the class."""
TOO_BUSY = "a time limit was hit twice while the machine had no core for it; run the batch again when less else runs"
Verdicts = dict[str, Kept]


@dataclass(frozen=True)
class Entry:
    """A hand-in once it was read: the digest of its file for each exercise, or why there is none."""

    handed: Handed
    digests: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    problem: str = ""
    unreadable: bool = False
    """whether the problem is not the student's"""


@dataclass(frozen=True)
class Planned:
    """A file that needs judging: whose it is, or one of those whose it is, and which checks are not known of it."""

    handed: Handed
    exercise: str
    source: str
    wanted: tuple[str, ...]
    known: Mapping[str, Verdict]


class Batch:
    """The hand-ins of one class, and what is known of them."""

    def __init__(
        self, intake: Intake, checks: Sequence[Collected], keys: Mapping[str, str], store: Store, settings: Settings
    ) -> None:
        """Read all that was handed in, and look up what is known of it. `keys` are those of all checks, by id."""
        self._intake, self._checks, self._store, self._settings = intake, checks, store, settings
        self._exercises: dict[str, Exercise] = {found.exercise.name: found.exercise for found in checks}
        self._keys = {
            name: {found.check.id: keys[found.check.id] for found in checks if found.exercise.name == name}
            for name in self._exercises
        }
        self._public = {found.check.id for found in checks if not found.hidden}
        self._points = {
            task.id: float(task.points) for exercise in self._exercises.values() for task in exercise.config.tasks
        }
        self._doubtful: dict[tuple[str, str], Verdicts] = {}
        """what is not written down, by exercise and file: broken, or hung where the machine may have been too busy"""
        self.entries = [self._read(handed) for handed in intake.handed]
        self.plan = list(self._plan())

    @property
    def absent(self) -> list[str]:
        """The exercises of which no hand-in holds a file, but for hand-ins that nobody could read."""
        read = [entry for entry in self.entries if not entry.unreadable]
        return [
            name
            for name in self._exercises
            if read and all(entry.digests.get(name, ABSENT) == ABSENT for entry in read)
        ]

    def grade(
        self,
        make_pool: Callable[[], tuple[Settings, Pool]],
        judged: Callable[[Planned, Verdicts], None],
        retrying: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Judge what is not known yet, and tell of each file; what is or may be our fault is tried twice before.

        What hung the second time, when little else runs, is taken to hang, unless it was seen to want for a core then,
        too: that is the machine's fault. What broke is tried again in the next run.
        `retrying` is told of how many files are tried again.
        """
        planned = {(one.exercise, one.source): one for one in self.plan}

        def first(job: Job, done: Done) -> None:
            if self._take(job, done):
                judged(planned[job.exercise, job.source], done.verdicts)

        def second(job: Job, done: Done) -> None:
            blamed = done.doubt is not Doubt.LIKELY
            done = Done({one: kept if blamed else _without_blame(kept) for one, kept in done.verdicts.items()})
            self._take(job, done)
            judged(planned[job.exercise, job.source], done.verdicts)

        if self.plan:
            pool.run(self._jobs(self.plan, first), make_pool, first)
        if self._doubtful:
            again = [planned[place] for place in self._doubtful]
            retrying(len(again))
            pool.run(self._jobs(again, second), make_pool, second)

    def grades(self, policy: Policy | None) -> Iterator[Grade]:
        """The grade of each student, in the order of their keys."""
        for entries in slices(self.entries, AT_ONCE):
            known = {
                name: self._store.find({entry.digests[name] for entry in entries if entry.digests}, keys)
                for name, keys in self._keys.items()
            }
            for entry in entries:
                yield self._grade(entry, known, policy)

    def _read(self, handed: Handed) -> Entry:
        try:
            unpacked = self._intake.unpack(handed)
        except UsageError as error:
            return Entry(handed, problem=str(error), unreadable=isinstance(error, UnreadableError))
        digests = {name: source_digest(unpacked.sources.get(name)) for name in self._exercises}
        return Entry(handed, digests, unpacked.notes, unpacked.accounts)

    def _plan(self) -> Iterator[Planned]:
        """The work that is left; two students with the same file make one piece of it."""
        planned: set[tuple[str, str]] = set()
        for entries in slices(self.entries, AT_ONCE):
            for name, keys in self._keys.items():
                owners = {entry.digests[name]: entry.handed for entry in entries if entry.digests}
                owners = {source: handed for source, handed in owners.items() if (name, source) not in planned}
                planned |= {(name, source) for source in owners}
                for source, known in self._store.find(owners, keys).items():
                    wanted = tuple(check_id for check_id in keys if check_id not in known)
                    if wanted:
                        verdicts = {check_id: known[check_id].verdict for check_id in known if check_id in self._public}
                        yield Planned(owners[source], name, source, wanted, verdicts)

    def _jobs(self, plan: Sequence[Planned], failed: Callable[[Job, Done], None]) -> Iterator[Job]:
        """Each piece of work with its file, which is read when it is its turn, and must be what it was."""
        for one in plan:
            try:
                content = self._intake.unpack(one.handed).sources.get(one.exercise)
            except UsageError:
                content = None
            job = Job(one.exercise, one.source, content, one.wanted, one.known)
            if source_digest(content) == one.source:
                yield job
            else:
                why = f"{one.handed.origin} was changed while the batch ran; run it again"
                failed(job, all_broken(job, why))

    def _take(self, job: Job, done: Done) -> bool:
        """Write down what came of a job, unless there is doubt: other verdicts of the job may rest on that one."""
        if not done.is_certain:
            self._doubtful[job.exercise, job.source] = done.verdicts
            return False
        self._doubtful.pop((job.exercise, job.source), None)
        self._store.keep(job.source, self._keys[job.exercise], done.verdicts)
        return True

    def _grade(self, entry: Entry, known: Mapping[str, Mapping[str, Verdicts]], policy: Policy | None) -> Grade:
        handed = entry.handed
        report = self._report(entry, known) if entry.digests else None
        policy = policy or Policy()
        final, max_score, deductions = apply(
            policy, report, handed.submitted_at, handed.late, handed.student, self._points
        )
        if entry.unreadable or (report and any(check.verdict is Verdict.BROKEN for check in report.checks)):
            final, deductions = None, ()  # what is our fault must never look like a grade
        return Grade(
            handed.student,
            handed.origin,
            report,
            final,
            max_score,
            deductions,
            entry.problem,
            handed.notes + entry.notes,
            handed.submitted_at,
            handed.late,
            entry.accounts,
        )

    def _report(self, entry: Entry, known: Mapping[str, Mapping[str, Verdicts]]) -> Report:
        kept: Verdicts = {}
        for name, source in entry.digests.items():
            kept |= known[name][source] | self._doubtful.get((name, source), {})
        judged = [_judged(collected, kept[collected.check.id]) for collected in self._checks]
        isolation = weakest(Isolation(one.isolation) for one in kept.values() if one.isolation)
        settings = self._settings
        return report_of(
            self._exercises.values(), judged, settings.seed, isolation, full=settings.full, salt=settings.salt
        )


def _without_blame(kept: Kept) -> Kept:
    """What hung is nobody's fault but the machine's."""
    if "hung" not in kept.kind.split():
        return kept
    return replace(kept, verdict=Verdict.BROKEN, message=TOO_BUSY)


def _judged(collected: Collected, kept: Kept) -> Judged:
    check = collected.check
    hint = "" if kept.verdict is Verdict.PASS else check.hint
    return Judged(
        check.id,
        check.task,
        check.title,
        check.points,
        collected.hidden,
        kept.verdict,
        kept.message,
        hint,
        kept.duration_s,
        kept.kind,
        kept.misconception,
    )
