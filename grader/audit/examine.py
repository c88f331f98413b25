"""An audit from end to end: every answer of ours, every mutant, every replay, one exercise after the other."""

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from grader.audit.bulk import Bulk, Trial, Verdicts, caught_by
from grader.audit.mutants import Mutant, mutants_of
from grader.audit.records import Records, read_records
from grader.audit.replay import Replay, floors, hollow_checks, noisy, not_passed, record
from grader.audited import Answered, CheckFacts, ExerciseAudit, HollowFacts, Moved, MutantFacts
from grader.authoring.answers import read_answers
from grader.batch.keys import digest, settings_of, source_digest
from grader.catalog import CONFIG_NAME, Exercise
from grader.checking.implementation import Implementation
from grader.grade import Session
from grader.verdict import Verdict

FIRST_SEED = 1
"""The seed under which wrong answers, mutants and replays are judged; right answers are judged under others too."""
SHOWN = 16
"""Characters of a digest that stand in a document."""
KINDS = ("reference", "stub", "accepted", "wrong")
TWO_THREADS = b"\n\nimport torch\ntorch.set_num_threads(2)\n"


@dataclass(frozen=True)
class Means:
    """What an audit is done with."""

    session: Session
    bulk: Bulk
    seeds: tuple[int, ...]
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
    files += [path for path in exercise.grounds() if path.suffix not in (".py", ".toml")]  # data, such as weights
    needs = msgspec.json.encode([[task.id, task.needs] for task in exercise.config.tasks]).decode()
    judging = [settings_of(exercise.config), needs]
    return digest([*judging, *(f"{path.name} {source_digest(path.read_bytes())}" for path in files)])[:SHOWN]


@dataclass(frozen=True)
class _Tried:
    """Something to be judged, and what it is."""

    kind: str
    name: str
    trial: Trial
    headline: str = ""
    fails: frozenset[str] = frozenset()
    """the checks that must fail"""
    mutant: Mutant | None = None


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
        means.say(f"{exercise.name}: replays")
        hollow = self._hollow()
        moved, longest_call_s = self._noise()
        means.say(f"{exercise.name}: answers{' and mutants' if means.mutants else ''}")
        trials = list(self._trials())
        found = means.bulk.judge([one.trial for one in trials])
        judged = list(zip(trials, found, strict=True))
        self._clock(judged)
        mutants = [
            _mutant_facts(one.mutant, caught_by(one.trial, verdicts), self._records)
            for one, verdicts in judged
            if one.mutant
        ]
        answered = {
            kind: tuple(self._answered(one, verdicts) for one, verdicts in judged if one.kind == kind) for kind in KINDS
        }
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
            answered["reference"],
            answered["stub"],
            answered["accepted"],
            answered["wrong"],
            tuple(mutants),
            tuple(hollow),
            tuple(moved),
            tuple(stale),
            longest_call_s,
            limits.call_s,
            self._longest_answer_s,
            limits.total_s,
        )

    def _trials(self) -> Iterator["_Tried"]:
        """All that is to be judged, what may take longest first."""
        exercise, bulk, reference = self._exercise, self._means.bulk, self._exercise.reference
        if self._means.mutants:
            for mutant in mutants_of(reference.read_text("utf-8"), reference.name):
                yield _Tried("mutant", "", bulk.hunted(mutant.source, FIRST_SEED, mutant.task), mutant=mutant)
        sources = {"the reference": reference.read_bytes()}
        if exercise.config.framework == "torch":
            sources["the reference on two threads"] = reference.read_bytes() + TWO_THREADS
        for seed in self._means.seeds:
            for name, source in sources.items():
                yield _Tried("reference", name, bulk.whole(source, seed))
        yield _Tried("stub", "the stub", bulk.whole(exercise.stub.read_bytes(), FIRST_SEED))
        for answer in read_answers(exercise, "wrong"):
            trial = bulk.reached(answer.source, FIRST_SEED, answer.fails)
            yield _Tried("wrong", answer.path.stem, trial, answer.headline, answer.fails)
        for seed in self._means.seeds:
            for answer in read_answers(exercise, "accepted"):
                trial = bulk.reached(answer.source, seed)
                yield _Tried("accepted", answer.path.stem, trial, answer.headline)

    def _clock(self, judged: Iterable[tuple["_Tried", Verdicts]]) -> None:
        """What checks cost, and the longest right answer: where it was not judged it is the reference."""
        right = [(one.trial.seed, verdicts) for one, verdicts in judged if one.kind in ("reference", "accepted")]
        ours: dict[int, Verdicts] = {}
        for seed, verdicts in right:
            whole = ours.setdefault(seed, verdicts) | verdicts
            for check, kept in verdicts.items():
                self._durations[check].append(kept.duration_s)
            self._longest_answer_s = max(self._longest_answer_s, sum(kept.duration_s for kept in whole.values()))

    def _answered(self, one: "_Tried", verdicts: Verdicts) -> Answered:
        failed = self._order(check for check, kept in verdicts.items() if kept.verdict is Verdict.FAIL)
        # A wrong answer may well hold up what builds on it; a right one may not. The stub has nothing but holes.
        fine = {"wrong": (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED), "stub": (Verdict.TODO, Verdict.FAIL)}.get(
            one.kind, (Verdict.PASS, Verdict.FAIL)
        )
        others = tuple(f"{check} is {kept.verdict}" for check, kept in verdicts.items() if kept.verdict not in fine)
        return Answered(one.name, one.headline, one.trial.seed, self._order(one.fails), failed, others)

    def _order(self, checks: Iterable[str]) -> tuple[str, ...]:
        """Checks in the order in which they are judged; unknown ones last."""
        known = [found.check.id for found in self._checks]
        return tuple(sorted(checks, key=lambda check: (known.index(check) if check in known else len(known), check)))

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
