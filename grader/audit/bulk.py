"""Judges many of our own answers: what is known is looked up, the rest is done by a pool of processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from grader.batch import pool
from grader.batch.job import Done, Job, Settings
from grader.batch.keys import check_keys, digest, source_digest
from grader.batch.store import Kept, Store
from grader.catalog import Exercise
from grader.grade import Session
from grader.verdict import Verdict

Verdicts = dict[str, Kept]


@dataclass(frozen=True)
class Bulk:
    """Judges answers of one exercise under one seed."""

    session: Session
    exercise: Exercise
    settings: Settings
    keys: Mapping[str, str]
    """of the exercise's checks, by their ids, in the order in which they are judged"""
    store: Store
    jobs: int
    broken: dict[str, Verdicts] = field(default_factory=dict)
    """where a check itself failed, by the digest of a source; never written down"""

    @classmethod
    def of(cls, session: Session, exercise: Exercise, settings: Settings, store: Store, jobs: int) -> Self:
        """One for the seed of these settings."""
        whole, unexplained = (
            check_keys(session.checks, settings.seed, session.salt, explained=explained) for explained in (True, False)
        )
        mine = {found.check.id: unexplained[found.check.id] for found in session.checks if found.exercise is exercise}
        return cls(session, exercise, replace(settings, keys=digest(whole.values())), mine, store, jobs)

    def verdicts(self, sources: Mapping[str, bytes]) -> dict[str, Verdicts]:
        """What becomes of every check on each source, by the source's name."""
        self._judge(sources, {name: tuple(self.keys) for name in sources}, until_caught=False)
        return self._known(sources)

    def catchers(self, sources: Mapping[str, bytes], first: Mapping[str, str]) -> dict[str, str]:
        """The first check that each source does not pass, empty for none; those of the task in `first` come first."""
        of_task = {name: tuple(check for check in self.keys if _task(check) == first[name]) for name in sources}
        self._judge(sources, of_task, until_caught=True)
        survived = {name: sources[name] for name, check in self._caught(sources, of_task).items() if not check}
        self._judge(survived, {name: tuple(self.keys) for name in survived}, until_caught=True)
        order = {name: (*of_task[name], *self.keys) for name in sources}
        return self._caught(sources, order)

    def _caught(self, sources: Mapping[str, bytes], order: Mapping[str, Sequence[str]]) -> dict[str, str]:
        known = self._known(sources)

        def catches(name: str, check: str) -> bool:
            return check in known[name] and known[name][check].verdict is not Verdict.PASS

        return {name: next((check for check in order[name] if catches(name, check)), "") for name in sources}

    def _known(self, sources: Mapping[str, bytes]) -> dict[str, Verdicts]:
        digests = {name: source_digest(source) for name, source in sources.items()}
        found = self.store.find(set(digests.values()), self.keys)
        return {name: found[source] | self.broken.get(source, {}) for name, source in digests.items()}

    def _judge(self, sources: Mapping[str, bytes], wanted: Mapping[str, Sequence[str]], *, until_caught: bool) -> None:
        known = self._known(sources)
        public = {found.check.id for found in self.session.checks if not found.hidden}
        jobs = []
        for name, source in sources.items():
            seen = {check: kept.verdict for check, kept in known[name].items()}
            missing = tuple(check for check in wanted[name] if check not in seen)
            if until_caught and any(seen.get(check, Verdict.PASS) is not Verdict.PASS for check in wanted[name]):
                continue
            if missing:
                verdicts = {check: verdict for check, verdict in seen.items() if check in public}
                place = self.exercise.name, source_digest(source)
                jobs.append(Job(*place, source, missing, verdicts, until_caught, explain=False))
        if jobs:
            pool.run(jobs, self._pool, self._keep)

    def _pool(self) -> tuple[Settings, pool.Pool]:
        return self.settings, pool.local(self.settings, self.session, self.jobs)

    def _keep(self, job: Job, done: Done) -> None:
        if any(kept.verdict is Verdict.BROKEN for kept in done.verdicts.values()):
            self.broken[job.source] = done.verdicts
        else:
            self.store.keep(job.source, self.keys, done.verdicts)


def _task(check: str) -> str:
    return check.rpartition(".")[0]
