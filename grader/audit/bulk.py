"""Judges many of our own answers at once: what is known is looked up, the rest is done by one pool of processes."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.synchronize import Semaphore
from typing import Self

from grader.audit.reach import Differences, Entered, entered, reaching, telling
from grader.batch import pool
from grader.batch.job import Done, Job, Settings
from grader.batch.keys import check_keys, digest, source_digest
from grader.batch.store import Kept, Store
from grader.catalog import Exercise
from grader.grade import Session
from grader.verdict import LOADING, Verdict

Verdicts = dict[str, Kept]
HUNTED_CALL_S = 2.0
"""for a call of a mutant: one that loops must not cost what a right answer on a busy machine may need"""


@dataclass(frozen=True)
class Trial:
    """A source to be judged by these checks, under a seed."""

    source: bytes
    seed: int
    checks: tuple[str, ...]
    until_caught: bool = False
    """whether the first check that is not passed ends it"""

    @property
    def place(self) -> tuple[int, str]:
        return self.seed, source_digest(self.source)


@dataclass(frozen=True)
class Bulk:
    """Judges answers of one exercise."""

    session: Session
    exercise: Exercise
    settings: Settings
    keys: Mapping[int, Mapping[str, str]]
    """by seed: of the exercise's checks, by their ids, in the order in which they are judged"""
    store: Store
    jobs: int
    cores: Semaphore | None
    differences: Differences
    entered: dict[int, Entered] = field(default_factory=dict)
    """by seed, as far as it was asked for"""
    doubtful: dict[tuple[int, str], Verdicts] = field(default_factory=dict)
    """by the place of a trial: where a check itself failed, or a core may have been missing; never written down"""

    @classmethod
    def of(
        cls,
        session: Session,
        exercise: Exercise,
        settings: Settings,
        seeds: Iterable[int],
        store: Store,
        jobs: int,
        cores: Semaphore | None = None,
    ) -> Self:
        """One for these seeds, the first of which is that of the settings."""
        checks = [found for found in session.checks if found.exercise is exercise]
        keys = {seed: check_keys(session.checks, seed, session.salt, explained=False) for seed in seeds}
        mine = {seed: {found.check.id: every[found.check.id] for found in checks} for seed, every in keys.items()}
        whole = check_keys(session.checks, settings.seed, session.salt)
        settings = replace(settings, keys=digest(whole.values()))
        return cls(session, exercise, settings, mine, store, jobs, cores, Differences(exercise))

    def whole(self, source: bytes, seed: int) -> Trial:
        """A source judged by every check."""
        return Trial(source, seed, tuple(self.keys[seed]))

    def reached(self, source: bytes, seed: int, named: Iterable[str] = ()) -> Trial:
        """A source judged by the checks that can tell it from the reference, and by those that are named."""
        every = tuple(self.keys[seed])
        can_tell = {*reaching(self.differences.of(source), self._entered(seed), every), *named}
        # One at least, or nobody would hear that it cannot be loaded.
        return Trial(source, seed, tuple(check for check in every if check in can_tell) or every[:1])

    def hunted(self, source: bytes, seed: int, task: str) -> Trial:
        """A source judged until a check catches it, those of a task first."""
        trial = self.reached(source, seed)
        return replace(
            trial, checks=tuple(sorted(trial.checks, key=lambda check: _task(check) != task)), until_caught=True
        )

    def judge(self, trials: Sequence[Trial]) -> list[Verdicts]:
        """What becomes of each trial: a verdict for each of its checks, or up to the one that catches it.

        A source that cannot be loaded reaches every check.
        """
        self._run(trials)
        found = self._known(trials)
        unloaded = {
            place: self.whole(trial.source, trial.seed)
            for place, (trial, verdicts) in enumerate(zip(trials, found, strict=True))
            if not trial.until_caught and any(kept.kind.startswith(LOADING) for kept in verdicts.values())
        }
        self._run(list(unloaded.values()))
        for place, verdicts in zip(unloaded, self._known(list(unloaded.values())), strict=True):
            found[place] = verdicts
        return found

    def _entered(self, seed: int) -> Entered:
        """What the checks enter under a seed, kept like verdicts: the names stand where a message would."""
        if seed not in self.entered:
            keys = self.keys[seed]
            source = source_digest(telling(self.exercise.reference.read_bytes()))
            known = {check: kept.message for check, kept in self.store.find([source], keys)[source].items()}
            missing = [check for check in keys if check not in known]
            if missing:
                for check, names in entered(self.session, self.exercise, seed, missing).items():
                    known[check] = " ".join(sorted(names))
                    self.store.keep(source, keys, {check: Kept(Verdict.PASS, known[check], "", 0.0, "")})
            self.entered[seed] = {check: frozenset(names.split()) for check, names in known.items()}
        return self.entered[seed]

    def _known(self, trials: Sequence[Trial]) -> list[Verdicts]:
        places = [trial.place for trial in trials]
        found = {
            seed: self.store.find({source for among, source in places if among == seed}, self.keys[seed])
            for seed in {seed for seed, _ in places}
        }
        return [found[seed][source] | self.doubtful.get((seed, source), {}) for seed, source in places]

    def _run(self, trials: Sequence[Trial]) -> None:
        jobs = list(self._jobs(trials))
        if jobs:
            pool.run(jobs, self._pool, self._keep)

    def _jobs(self, trials: Sequence[Trial]) -> Iterator[Job]:
        """What is left to do."""
        public = {found.check.id for found in self.session.checks if not found.hidden}
        for trial, known in zip(trials, self._known(trials), strict=True):
            missing = tuple(check for check in trial.checks if check not in known)
            if not missing or (trial.until_caught and caught_by(trial, known)):
                continue
            verdicts = {check: kept.verdict for check, kept in known.items() if check in public}
            first = tuple(check for check in missing if _task(check) == _task(missing[0])) if trial.until_caught else ()
            yield Job(
                self.exercise.name,
                trial.place[1],
                trial.source,
                missing,
                verdicts,
                trial.until_caught,
                explain=False,
                first=first,
                call_s=HUNTED_CALL_S if trial.until_caught else math.inf,
                seed=trial.seed,
            )

    def _pool(self) -> tuple[Settings, pool.Pool]:
        # Our own answers do not sleep: as many processes as cores do, each of which may need an oracle of its own.
        width = -(-self.jobs // pool.WAITING) if self.cores else self.jobs
        return self.settings, pool.local(self.settings, self.session, width, self.cores)

    def _keep(self, job: Job, done: Done) -> None:
        seed = self.settings.seed if job.seed is None else job.seed
        if done.is_certain:
            self.store.keep(job.source, self.keys[seed], done.verdicts)
        else:
            self.doubtful[seed, job.source] = done.verdicts


def caught_by(trial: Trial, verdicts: Mapping[str, Kept]) -> str:
    """The first check of a trial that was not passed; empty for none."""
    caught = (check for check in trial.checks if check in verdicts and verdicts[check].verdict is not Verdict.PASS)
    return next(caught, "")


def _task(check: str) -> str:
    return check.rpartition(".")[0]
