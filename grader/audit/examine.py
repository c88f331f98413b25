"""An audit from end to end: every answer of ours, every mutant, every replay, one exercise after the other."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from grader.audit.bulk import Bulk, Verdicts
from grader.audit.mutants import Mutant, mutants_of
from grader.audit.records import Records, read_records
from grader.audit.replay import Replay, floors, hollow_checks, noisy, not_passed, record
from grader.audited import Answered, CheckFacts, ExerciseAudit, HollowFacts, Moved, MutantFacts
from grader.authoring.answers import read_answers
from grader.batch.job import Settings
from grader.batch.keys import digest, settings_of, source_digest
from grader.batch.store import Store
from grader.catalog import CONFIG_NAME, Exercise
from grader.checking.implementation import Implementation
from grader.grade import Session
from grader.verdict import Verdict

FIRST_SEED = 1
"""The seed under which wrong answers, mutants and replays are judged; right answers are judged under others too."""
SHOWN = 16
"""Characters of a digest that stand in a document."""
TWO_THREADS = b"\n\nimport torch\ntorch.set_num_threads(2)\n"


@dataclass(frozen=True)
class Means:
    """What an audit is done with."""

    session: Session
    settings: Settings
    store: Store
    jobs: int
    seeds: int
    mutants: bool
    say: Callable[[str], None]


def audit(exercise: Exercise, means: Means) -> ExerciseAudit:
    """Audit an exercise; raises BrokenError where a check cannot judge."""
    return _Examination(exercise, means).audit()


def audited_digest(exercise: Exercise) -> str:
    """What stands for an exercise as it was audited: its files, its checks and all answers, the record.

    Of `exercise.toml` only what can move a verdict, as in the keys of checks: titles, points, hints, and what is asked
    or told beside the checks were not audited. The engine and the libraries are not in it either: tables in documents
    need not be made anew for every change of theirs.
    """
    folders = (exercise.folder, exercise.solutions)
    found = [path for folder in folders for suffix in ("py", "toml") for path in sorted(folder.rglob(f"*.{suffix}"))]
    files = [path for path in found if path not in (exercise.folder / CONFIG_NAME, exercise.predictions)]
    files = [path for path in files if not exercise.is_for_gpu(path)]
    needs = msgspec.json.encode([[task.id, task.needs] for task in exercise.config.tasks]).decode()
    judging = [settings_of(exercise.config), needs]
    return digest([*judging, *(f"{path.name} {source_digest(path.read_bytes())}" for path in files)])[:SHOWN]


class _Examination:
    """One exercise being audited."""

    def __init__(self, exercise: Exercise, means: Means) -> None:
        self._exercise, self._means = exercise, means
        self._checks = [found for found in means.session.checks if found.exercise is exercise]
        self._records = read_records(exercise)
        self._durations: dict[str, list[float]] = {found.check.id: [] for found in self._checks}
        self._longest_answer_s = 0.0

    def audit(self) -> ExerciseAudit:
        means, exercise = self._means, self._exercise
        means.say(f"{exercise.name}: answers")
        reference, accepted = [], []
        for number in range(means.seeds):
            bulk = self._bulk(FIRST_SEED + number)
            reference += self._reference(bulk)
            accepted += self._answers(bulk, "accepted")
        first = self._bulk(FIRST_SEED)
        stub = self._stub(first)
        wrong = self._answers(first, "wrong")
        mutants: list[MutantFacts] = []
        if means.mutants:
            means.say(f"{exercise.name}: mutants")
            mutants = self._mutants(first)
        means.say(f"{exercise.name}: replays")
        hollow = self._hollow()
        moved, longest_call_s = self._noise()
        limits = exercise.config.limits
        survivors = {mutant.digest for mutant in mutants if not mutant.caught_by}
        stale = self._records.stale(
            survivors if means.mutants else self._records.mutants, {(one.change, one.check) for one in hollow}
        )
        return ExerciseAudit(
            exercise.name,
            exercise.config.title,
            audited_digest(exercise),
            tuple(self._facts()),
            tuple(reference),
            tuple(stub),
            tuple(accepted),
            tuple(wrong),
            tuple(mutants),
            tuple(hollow),
            tuple(moved),
            tuple(stale),
            longest_call_s,
            limits.call_s,
            self._longest_answer_s,
            limits.total_s,
        )

    def _bulk(self, seed: int) -> Bulk:
        means = self._means
        settings = replace(means.settings, seed=seed)
        return Bulk.of(means.session, self._exercise, settings, means.store, means.jobs)

    def _reference(self, bulk: Bulk) -> list[Answered]:
        source = self._exercise.reference.read_bytes()
        sources = {"the reference": source}
        if self._exercise.config.framework == "torch":
            sources["the reference on two threads"] = source + TWO_THREADS
        found = bulk.verdicts(sources)
        return [self._answered(name, "", bulk.settings.seed, (), found[name]) for name in sources]

    def _stub(self, bulk: Bulk) -> list[Answered]:
        found = bulk.verdicts({"the stub": self._exercise.stub.read_bytes()})["the stub"]
        others = {check: kept for check, kept in found.items() if kept.verdict is not Verdict.TODO}
        return [
            Answered(
                "the stub",
                "",
                bulk.settings.seed,
                (),
                tuple(check for check, kept in others.items() if kept.verdict is Verdict.FAIL),
                tuple(
                    f"{check} is {kept.verdict}" for check, kept in others.items() if kept.verdict is not Verdict.FAIL
                ),
            )
        ]

    def _answers(self, bulk: Bulk, kind: str) -> list[Answered]:
        answers = read_answers(self._exercise, kind)
        found = bulk.verdicts({answer.path.stem: answer.source for answer in answers})
        if kind == "accepted":
            for verdicts in found.values():
                self._clock(verdicts)
        return [
            self._answered(
                answer.path.stem,
                answer.headline,
                bulk.settings.seed,
                self._order(answer.fails),
                found[answer.path.stem],
            )
            for answer in answers
        ]

    def _clock(self, verdicts: Verdicts) -> None:
        for check, kept in verdicts.items():
            self._durations[check].append(kept.duration_s)
        self._longest_answer_s = max(self._longest_answer_s, sum(kept.duration_s for kept in verdicts.values()))

    def _answered(self, name: str, headline: str, seed: int, expected: Sequence[str], verdicts: Verdicts) -> Answered:
        failed = self._order(check for check, kept in verdicts.items() if kept.verdict is Verdict.FAIL)
        # A wrong answer may well hold up what builds on it; a right one may not.
        fine = (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED) if expected else (Verdict.PASS, Verdict.FAIL)
        others = tuple(f"{check} is {kept.verdict}" for check, kept in verdicts.items() if kept.verdict not in fine)
        return Answered(name, headline, seed, tuple(expected), failed, others)

    def _order(self, checks: Iterable[str]) -> tuple[str, ...]:
        """Checks in the order in which they are judged; unknown ones last."""
        known = [found.check.id for found in self._checks]
        return tuple(sorted(checks, key=lambda check: (known.index(check) if check in known else len(known), check)))

    def _mutants(self, bulk: Bulk) -> list[MutantFacts]:
        reference = self._exercise.reference
        made = mutants_of(reference.read_text("utf-8"), reference.name)
        caught = bulk.catchers(
            {mutant.digest: mutant.source for mutant in made}, {mutant.digest: mutant.task for mutant in made}
        )
        return [_mutant_facts(mutant, caught[mutant.digest], self._records) for mutant in made]

    def _hollow(self) -> list[HollowFacts]:
        return [
            HollowFacts(check, change, self._records.hollow.get((change, check), ""))
            for change, check, passed in hollow_checks(self._means.session, self._exercise, FIRST_SEED)
            if passed
        ]

    def _noise(self) -> tuple[list[Moved], float]:
        """The checks that rounding of another kind fails, and the longest call of our own implementations."""
        session, exercise = self._means.session, self._exercise
        ours, oracle = (session.bench.trusted(exercise, role) for role in ("reference", "oracle"))
        recorded = [record(session, exercise, one, FIRST_SEED) for one in (ours, oracle)]
        if exercise.config.framework == "torch":
            source = replace(ours.source, content=(ours.source.content or b"") + TWO_THREADS)
            threaded = Implementation(source, session.bench.launcher, exercise.name)
            recorded.append(record(session, exercise, threaded, FIRST_SEED))
            threaded.close()
        student = Replay(ours, session, exercise, noisy(floors(recorded)))
        _, failed = not_passed(session, exercise, student, FIRST_SEED)
        by = "with noise of 10 times the rounding between right answers"
        return [Moved(check, by) for check in self._order(failed)], max(one.longest_s for one in recorded)

    def _facts(self) -> Iterator[CheckFacts]:
        medians = {check: statistics.median(found or [0.0]) for check, found in self._durations.items()}
        total = sum(medians.values()) or 1.0
        for found in self._checks:
            check, median = found.check, medians[found.check.id]
            yield CheckFacts(check.id, check.title, found.hidden, median, median / total)


def _mutant_facts(mutant: Mutant, caught_by: str, records: Records) -> MutantFacts:
    reason = "" if caught_by else records.mutants.get(mutant.digest, "")
    return MutantFacts(
        mutant.digest, mutant.task, mutant.function, mutant.line, mutant.change, mutant.diff, caught_by, reason
    )
