"""Runs checks on one submission and keeps what became of each. Knows implementations and laws, not pytest."""

import contextlib
import json
import math
import re
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from grader.authoring.answers import Answer, read_answers
from grader.catalog import Exercise
from grader.checking.cancelling import Cancellation
from grader.checking.cases import SEED, Case, cases_of
from grader.checking.check import Check, parameters_of, require_check
from grader.checking.contest import Contest
from grader.checking.diagnosis import Evidence, explain, quantities_of
from grader.checking.finding import Difference, Failed, Finding, Situation, Todo, Unjudged, is_shown, words
from grader.checking.foresight import Ahead, Trees
from grader.checking.holding import Source
from grader.checking.implementation import Exchange, Implementation
from grader.checking.inputs import Drawn, Inputs
from grader.checking.mistakes import Beside, Named, Parted, Trace, Tracer, recognise
from grader.errors import BrokenError, CatalogError, UnansweredError
from grader.report import Judged
from grader.salt import NO_SALT, Salt
from grader.verdict import LOADING, Verdict
from grader.wire import Tensor, Value
from grader.worker.host import Answer as Replied
from grader.worker.host import Launcher, Order, Outcome, Served, Worker, launch
from grader.worker.isolation import Confinement, Isolation, weakest
from grader.worker.limits import MAX_REQUEST
from grader.worker.watch import Doubt

# The order of Unix: every implementation of an exercise has one of these roles, and only one is not ours.
TRUSTED_ROLES = ("oracle", "reference")
MAX_UNREADABLE = MAX_REQUEST // 2
"""Bytes for the paths that a worker must not be able to read: the more important ones come first."""
FURTHER = 4
"""Drawn cases that are run beyond the first that fails, for what explains all of them."""
UNLIKE = "your answer is so unlike what was asked for that it cannot be judged"


def served(exercise: Exercise) -> Served:
    """An exercise as worker processes need to know it."""
    config = exercise.config
    return Served(exercise.name, exercise.probes, config.framework, config.warm, config.forbidden)


def _own_files(exercises: Iterable[Exercise]) -> list[Path]:
    """What tells how submissions are judged, and by which answers."""
    folders = [folder for exercise in exercises for folder in (exercise.folder, exercise.solutions)]
    return [path for folder in folders for path in sorted(folder.glob("*.py"))]


def _that_fit(paths: Iterable[Path]) -> tuple[str, ...]:
    """The paths that a request for a worker has room for; a submission may hold files of any depth."""
    fitting: list[str] = []
    room = MAX_UNREADABLE
    for path in map(str, paths):
        room -= len(json.dumps(path)) + 2
        if room < 0:
            break
        fitting.append(path)
    return tuple(fitting)


class Bench:
    """What grading one submission leaves behind for the next: warm processes, our own replies, drawn cases."""

    contest: Contest | None = None
    """what measures, on a bench that has a GPU"""

    def __init__(
        self,
        exercises: tuple[Exercise, ...],
        *,
        fork: bool | None = None,
        unreadable: Iterable[Path] = (),
        needs_jail: bool = False,
    ) -> None:
        """`unreadable` are files, other than the exercises' own, that no submission may read."""
        self._unreadable = _that_fit([*_own_files(exercises), *unreadable])
        self._needs_jail = needs_jail
        self.exercises = {exercise.name: exercise for exercise in exercises}
        self._fork = fork
        self._launcher: Launcher | None = None
        self._trusted: dict[tuple[str, str], Implementation] = {}
        self._cases: dict[tuple[str, int], list[Case]] = {}
        self.trees = Trees()
        self.drawn: dict[tuple[int, int], Drawn] = defaultdict(list)
        """the arrays of drawn cases, by the seed of their check and their number"""
        self._calls: dict[str, dict[str, str]] = {}
        self._mistakes: dict[str, list[Answer]] = {}
        self._traces: dict[tuple[str, str, str, int], Trace | None] = {}

    @property
    def launcher(self) -> Launcher:
        """Starts workers."""
        if self._launcher is None:
            self._launcher = launch(tuple(map(served, self.exercises.values())), fork=self._fork)
        return self._launcher

    def start(self) -> Launcher:
        """Have the warm process import what workers need, which takes seconds, and wait for nothing."""
        return self.launcher

    def trusted(self, exercise: Exercise, role: str) -> Implementation:
        """The oracle or the reference of an exercise; raises BrokenError if its file cannot be read."""
        key = exercise.name, role
        if key not in self._trusted:
            path = exercise.oracle if role == "oracle" else exercise.reference
            try:
                content = path.read_bytes()
            except OSError as error:
                raise BrokenError(f"{path}: cannot be read ({error.strerror})") from None
            # Trusted code is not confined by the exercise's limits: a slow oracle is our fault.
            own = exercise.config.limits
            limits = replace(own, call_s=60.0, memory_mib=max(4096, own.memory_mib))
            source = Source(role, role, content, limits=limits)
            self._trusted[key] = Implementation(source, self.launcher, exercise.name)
        return self._trusted[key]

    def student(
        self,
        exercise: Exercise,
        content: bytes | None,
        cancellation: Cancellation | None = None,
        *,
        call_s: float = math.inf,
    ) -> Implementation:
        """A submission's implementation of an exercise; None for one that was not handed in.

        `call_s` are the seconds that a call may take, where the exercise allows more.
        """
        config = exercise.config
        limits = replace(config.limits, call_s=min(call_s, config.limits.call_s))
        source = Source("student", exercise.name, content, config.forbidden, limits, self._unreadable, self._needs_jail)
        return Implementation(source, self.launcher, exercise.name, cancellation)

    def confinement(self) -> Confinement:
        """How a student's worker is confined here, learnt from one that is started for this alone."""
        exercise = next(iter(self.exercises.values()))
        config = exercise.config
        order = Order(exercise.name, config.limits, forbidden=config.forbidden, unreadable=self._unreadable)
        worker = Worker(self.launcher, order)
        worker.close()
        return worker.confinement

    def cases(self, check: Check, body: Callable[..., None], seed: int) -> list[Case]:
        """The cases of a check for a seed, drawn once."""
        key = check.id, seed
        if key not in self._cases:
            self._cases[key] = cases_of(body).draw(seed, with_inputs="inputs" in parameters_of(body))
        return self._cases[key]

    def calls(self, exercise: Exercise) -> dict[str, str]:
        """What each probe of an exercise calls; read once."""
        if exercise.name not in self._calls:
            self._calls[exercise.name] = exercise.calls()
        return self._calls[exercise.name]

    def mistakes(self, exercise: Exercise) -> list[Answer]:
        """The wrong answers that are known of an exercise; none where there are no solutions."""
        if exercise.name not in self._mistakes:
            self._mistakes[exercise.name] = read_answers(exercise, "wrong") if exercise.reference.is_file() else []
        return self._mistakes[exercise.name]

    @contextlib.contextmanager
    def tracing(
        self, exercise: Exercise, bodies: Mapping[str, Callable[..., None]], seeds: Mapping[str, int]
    ) -> Iterator[Tracer]:
        """Tells how wrong answers fail the checks of these bodies; what was learnt once is kept.

        One worker does for all that are asked: to start one takes longer than most of what they are asked.
        """
        last: Implementation | None = None

        def running(answer: Answer) -> Implementation:
            nonlocal last
            if last is None or last.source.content != answer.source:
                former, last = last, self.student(exercise, answer.source)
                if former:
                    last.held.succeed(former.held)
            return last

        def trace(answer: Answer, check_id: str, like: Trace) -> Trace | None:
            name, body, seed = answer.path.name, bodies[check_id], seeds[check_id]
            key = exercise.name, name, check_id, seed
            known = self._traces.get(key)
            if key not in self._traces or (known and known.parted and not known.differs(like)):
                student = running(answer)
                student.exchanges = asked = Beside(like)
                try:
                    cases = self.cases(require_check(body), body, seed)[: like.index + 1]
                    failure = _Attempt(self, exercise, body, student, seed).first_failure(cases)
                    self._traces[key] = failure.trace if failure else Trace(like.index, "", tuple(asked), parted=True)
                except Parted:
                    self._traces[key] = Trace(like.index, "", tuple(asked), parted=True)
                except (Todo, BrokenError):
                    self._traces[key] = None
            return self._traces[key]

        try:
            yield trace
        finally:
            if last:
                last.close()

    def settle(self) -> None:
        """End the processes of our own implementations; what they answered stays known."""
        for implementation in self._trusted.values():
            implementation.close()

    def close(self) -> None:
        """End all processes."""
        self.settle()
        if self._launcher is not None:
            self._launcher.close()


class Grading:
    """One submission being graded: `run` judges one check after the other, in their order."""

    def __init__(
        self,
        bench: Bench,
        students: Mapping[str, Implementation],
        seed: int,
        salt: Salt = NO_SALT,
        known: Mapping[str, Verdict] | None = None,
        *,
        explain: bool = True,
    ) -> None:
        """`students` are the submission's implementations by exercise; `known` are public ones that need no judging.

        Without `explain` a failing case is told as it was met: half the price, for whoever asks for verdicts alone.
        """
        self.bench, self.seed, self.salt = bench, seed, salt
        self._explain = explain
        self.judged: dict[str, Judged] = {}
        self._students = students
        self._verdicts = dict(known or {})
        self.failures: dict[str, Failure] = {}

    @classmethod
    def of(
        cls, bench: Bench, sources: Mapping[str, bytes], seed: int, salt: Salt = NO_SALT, *, explain: bool = True
    ) -> Self:
        """The grading of a submission that consists of these files."""
        exercises = bench.exercises.items()
        students = {name: bench.student(exercise, sources.get(name)) for name, exercise in exercises}
        return cls(bench, students, seed, salt, explain=explain)

    @property
    def isolation(self) -> Isolation:
        """How well the submission was confined, in the weakest of its workers."""
        return weakest(isolation for student in self._students.values() for isolation in student.held.isolations)

    @property
    def doubt(self) -> Doubt:
        """The gravest doubt about what hung: where the machine may have been too busy, it deserves another try."""
        doubts = {doubt for student in self._students.values() for doubt in student.doubts}
        return max(doubts, key=list(Doubt).index, default=Doubt.NONE)

    def draw(self, bodies: Iterable[Callable[..., None]]) -> None:
        """Draw the cases of checks, once for each seed: the warm process may still be importing meanwhile."""
        for body in bodies:
            with contextlib.suppress(Exception):  # a check that is at fault is told of when it is its turn
                check = require_check(body)
                self.bench.cases(check, body, seed_of(self.seed, check.id, self.salt))

    def run(self, exercise: Exercise, body: Callable[..., None], *, hidden: bool) -> Judged:
        """Judge one check of an exercise; never raises for anything that a submission did."""
        check = require_check(body)
        self._validate(exercise, check)
        started = time.monotonic()
        unmet, why = self._unmet_need(exercise, check)
        if unmet is Verdict.FAIL:
            verdict, message, kind = Verdict.SKIPPED, why, ""
        else:
            verdict, message, kind = self._judge(exercise, check, body, hidden)
            # Where nothing is started, everything is `todo`: there is no mistake yet that could hold others up.
            if unmet is Verdict.TODO and verdict is not Verdict.TODO:
                verdict, message, kind = Verdict.SKIPPED, why, ""
        judged = Judged(
            check.id,
            check.task,
            check.title,
            check.points,
            hidden,
            verdict,
            message,
            "" if verdict is Verdict.PASS else check.hint,
            time.monotonic() - started,
            kind,
        )
        self.judged[check.id] = judged
        if not hidden:
            self._verdicts[check.id] = verdict
        return judged

    def recognise(self, exercise: Exercise) -> None:
        """Name the known mistakes behind the failures of an exercise, once all of its checks are judged.

        A message of a hidden check stays as it is: what is named then is for instructors alone.
        """
        if not self._explain:
            return
        for check_id, mistake in self.mistakes_among(self.bench.mistakes(exercise), exercise).items():
            judged = self.judged[check_id]
            message = judged.message if judged.hidden else self.failures[check_id].seen.words(mistake.words)
            self.judged[check_id] = replace(judged, message=message, misconception=mistake.headline)

    def mistakes_among(self, answers: Sequence[Answer], exercise: Exercise) -> dict[str, Named]:
        """Which of these wrong answers is behind each failure of an exercise, where it is one of them alone."""
        verdicts = self._verdicts | {known: judged.verdict for known, judged in self.judged.items()}
        passed = [known for known, verdict in verdicts.items() if verdict is Verdict.PASS]
        failures = {
            known: failure
            for known, failure in self.failures.items()
            if failure.exercise is exercise and verdicts[known] is Verdict.FAIL
        }
        bodies = {known: failure.body for known, failure in failures.items()}
        seeds = {known: seed_of(self.seed, known, self.salt) for known in failures}
        traces = {known: failure.trace for known, failure in failures.items()}
        took_s = {known: self.judged[known].duration_s for known in failures}
        with self.bench.tracing(exercise, bodies, seeds) as trace:
            return recognise(answers, traces, passed, trace, took_s)

    def close(self) -> None:
        """End the submission's processes; the bench stays."""
        for student in self._students.values():
            student.close()

    def _validate(self, exercise: Exercise, check: Check) -> None:
        if check.task not in {task.id for task in exercise.config.tasks}:
            raise CatalogError(f"check `{check.id}`: {exercise.name} has no task `{check.task}`")
        if check.id in self.judged:
            raise CatalogError(f"check `{check.id}`: two checks have this id")

    def _unmet_need(self, exercise: Exercise, check: Check) -> tuple[Verdict, str]:
        """What the needs of the check's task allow (`pass`, `todo`, `fail`), and why not more."""
        for need in exercise.task(check.task).needs:
            verdicts = {
                verdict for known, verdict in self._verdicts.items() if need in (known, known.rpartition(".")[0])
            }
            unmet = verdicts - {Verdict.PASS, Verdict.BROKEN}
            if unmet == {Verdict.TODO}:
                return Verdict.TODO, f"builds on {need}, which is not started"
            if unmet:
                return Verdict.FAIL, f"builds on {need}, which does not pass yet"
        return Verdict.PASS, ""

    def _judge(
        self, exercise: Exercise, check: Check, body: Callable[..., None], hidden: bool
    ) -> tuple[Verdict, str, str]:
        """The verdict, the message, and of what kind a failure is."""
        student = self._students[exercise.name]
        for attempt in ("first", "second"):
            try:
                self._run_cases(exercise, check, body, student, hidden)
                return Verdict.PASS, "", ""
            except Todo as todo:
                return *self._open_hole(check, todo.task), ""
            except Unjudged as unjudged:
                return Verdict.SKIPPED, str(unjudged), ""
            except Failed as failed:
                if _doubtful(failed.finding) and not self._survives_ours(exercise, check, body, failed.finding):
                    return (
                        Verdict.BROKEN,
                        f"our own solution fails this check too, so it cannot judge yours:\n{failed}",
                        "",
                    )
                return Verdict.FAIL, str(failed), failed.finding.kind
            except BrokenError as error:
                if attempt == "second":
                    # Ours may have been asked about the student's answer. If it bears our own answer, it was theirs.
                    if isinstance(error, UnansweredError) and self._survives_ours(exercise, check, body):
                        return Verdict.FAIL, UNLIKE, "unlike"
                    return Verdict.BROKEN, str(error), ""
            except Exception as error:
                # A check must survive whatever a student returns. If it survives ours, it was their answer.
                if self._survives_ours(exercise, check, body):
                    return Verdict.FAIL, UNLIKE, "unlike"
                return Verdict.BROKEN, f"the check crashed: {_place(error, body)}", ""
        raise AssertionError("unreachable")

    def _open_hole(self, check: Check, hole: str) -> tuple[Verdict, str]:
        """Not started is not wrong, whichever task's hole was reached: on an untouched stub everything is `todo`."""
        if re.fullmatch(r"\w+\.\d+", hole) and hole != check.task:
            return Verdict.TODO, f"builds on {hole}, which is not started"
        return Verdict.TODO, "not started"

    def _survives_ours(
        self, exercise: Exercise, check: Check, body: Callable[..., None], theirs: Finding | None = None
    ) -> bool:
        """Whether the reference (or the oracle) passes the check in the student's place.

        If not, the check or its probe is at fault, which a student can neither cause nor pay for. An oracle, though,
        has not every function, nor obeys every law: at a probe's fault it fails in the same words as `theirs`.
        """
        role = "reference" if exercise.reference.is_file() else "oracle"
        stand_in = self.bench.trusted(exercise, role).as_student()
        try:
            self._run_cases(exercise, check, body, stand_in, hidden=True)
        except Failed as failed:
            same = theirs is None or (failed.finding.kind, failed.finding.headline) == (theirs.kind, theirs.headline)
            return role == "oracle" and not same
        except Exception:
            return False
        finally:
            stand_in.close()
        return True

    def _run_cases(
        self, exercise: Exercise, check: Check, body: Callable[..., None], student: Implementation, hidden: bool
    ) -> None:
        """Run the body on all cases; raises Failed with the message for the smallest failing one."""
        seed = seed_of(self.seed, check.id, self.salt)
        attempt = _Attempt(self.bench, exercise, body, student, seed)
        cases = self.bench.cases(check, body, seed)
        failure = attempt.first_failure(cases)
        if failure is None:
            return
        seen = failure.seen
        if not hidden:
            seen = self._told(attempt, failure, cases, seed)
        if student is self._students[exercise.name]:
            self.failures[check.id] = replace(failure, seen=seen)
        words = hidden_words(seen.finding) if hidden else seen.words()
        raise Failed(replace(seen.finding, headline=words))

    def _told(self, attempt: "_Attempt", failure: "Failure", cases: list[Case], seed: int) -> "Seen":
        """What is told of a failure: the smallest case and what it looks like, unless nobody will read it."""
        if not self._explain:
            return failure.seen
        if failure.seen.finding.fatal or not cases_of(attempt.body).strategies:
            return failure.seen.explained_with(())
        return self._smallest(attempt, failure, cases, seed)

    def _smallest(self, attempt: "_Attempt", failure: "Failure", cases: list[Case], seed: int) -> "Seen":
        """The smallest failing case found, with what explains the failures of all that were tried."""
        first, body = failure.seen, attempt.body
        found = {repr(failure.case): first}

        def fails(candidate: Case) -> bool:
            try:
                attempt(candidate)
            except Failed as failed:
                found[repr(candidate)] = attempt.seen(candidate, failed.finding)
                # A smaller case that fails for another reason would explain another mistake.
                return failed.finding.kind == first.finding.kind
            except Exception:
                return False
            return False

        with_inputs = "inputs" in parameters_of(body)
        smallest = found.pop(
            repr(cases_of(body).shrink(fails, failure.passed, failure.case, seed, with_inputs=with_inputs))
        )
        if smallest.evidence is None:
            return smallest
        later = [case for case in cases[len(failure.passed) + 1 :] if repr(case) not in found]
        return smallest.explained_with([*found.values(), *attempt.further(later[:FURTHER])])


@dataclass(frozen=True)
class Seen:
    """A failing case as it will be told."""

    finding: Finding
    situation: Situation
    evidence: Evidence | None = None
    looks: str = ""
    """what the wrong value looks like"""

    def words(self, *more: str) -> str:
        """The message, with more to note."""
        note = "\n".join(filter(None, (self.finding.note, self.looks, *more)))
        return words(replace(self.finding, note=note), self.situation)

    def explained_with(self, others: Iterable["Seen"]) -> Self:
        """The same, with what its value and those of other cases look like, if they are wrong in the same place."""
        if self.evidence is None:
            return self
        alike = [other.evidence for other in others if other.finding.headline == self.finding.headline]
        return replace(self, looks=explain([*filter(None, alike), self.evidence]))


@dataclass(frozen=True)
class Failure:
    """How an implementation failed a check: its first failing case, and what it did there."""

    exercise: Exercise
    body: Callable[..., None]
    passed: list[Case]
    case: Case
    seen: Seen
    exchanges: tuple[Exchange, ...]

    @property
    def trace(self) -> Trace:
        return Trace(len(self.passed), self.seen.finding.kind, self.exchanges)


class _Attempt:
    """Runs a check's body on one case, and remembers on what."""

    def __init__(
        self, bench: Bench, exercise: Exercise, body: Callable[..., None], student: Implementation, seed: int
    ) -> None:
        self.body = body
        self._bench, self._exercise, self._student, self._seed = bench, exercise, student, seed
        self._inputs = Inputs(0, 0)
        student.begin(seed)

    def __call__(self, case: Case, drawn: Drawn | None = None) -> None:
        """Raises Failed or Todo as the body does; `drawn` are the arrays of the case, if it was run before."""
        self._student.held.printed()  # a message tells only what was printed on its own case
        self._student.exchanges.clear()
        self._inputs = Inputs(self._seed, case.get(SEED, 0), drawn)
        given: dict[str, Any] = {name: value for name, value in case.items() if name != SEED}
        for name in parameters_of(self.body):
            if name == "inputs":
                given[name] = self._inputs
            elif name == "student":
                given[name] = self._student
            elif name in TRUSTED_ROLES:
                given[name] = self._bench.trusted(self._exercise, name)
                given[name].begin(self._seed)
            elif name == "gpu":
                given[name] = self._bench.contest
        with np.errstate(all="ignore"):  # what a submission answers may overflow in what a check makes of it
            self.body(**given)

    def first_failure(self, cases: list[Case]) -> Failure | None:
        """Run the cases up to the first that fails."""
        ahead = Ahead(self._student, self._bench.trees, self._seed, len(cases))
        for number, case in enumerate(cases):
            if ahead.passes(number):
                self._student.exchanges.clear()  # who counts cases by this must not miss one
                continue
            try:
                self(case, self._bench.drawn[self._seed, number])
            except Failed as failed:
                seen, exchanges = self.seen(case, failed.finding), tuple(self._student.exchanges)
                self._student.expect(())
                return Failure(self._exercise, self.body, cases[:number], case, seen, exchanges)
            ahead.passed(number)
        return None

    def further(self, cases: list[Case]) -> Iterator[Seen]:
        """Those of these cases that fail."""
        for case in cases:
            try:
                self(case)
            except Failed as failed:
                yield self.seen(case, failed.finding)
                if failed.finding.fatal:
                    return
            except Exception:
                return

    def seen(self, case: Case, finding: Finding) -> Seen:
        """What there is to tell about the case that was just run."""
        # A file that cannot be loaded fails on every case: none of them explains anything.
        if finding.kind.startswith(LOADING):
            return Seen(finding, Situation())
        call = self._bench.calls(self._exercise).get(self._student.last_probe, "")
        made = dict(self._inputs.made)
        shown = case | self._student.last_plain
        evidence = self._evidence(finding.difference, shown) if finding.difference else None
        if made and all(map(is_shown, made.values())):
            shown.pop(SEED, None)  # it only made the arrays, which are there to be read
        return Seen(finding, Situation(shown, made, call, self._student.held.printed()), evidence)

    def _evidence(self, difference: Difference, shown: Mapping[str, object]) -> Evidence:
        asked = self._student.exchanges
        last = asked[-1].arguments if asked else {}
        sent = {name: value.values for name, value in last.items() if isinstance(value, Tensor)}
        made = self._inputs.made
        # The same name for two arrays would make a riddle of what is meant as an explanation.
        arrays = {
            name: values
            for name, values in (made | sent).items()
            if name not in made or name not in sent or np.array_equal(made[name], sent[name])
        }
        plain = {name: value for name, value in shown.items() if name != SEED}
        seen = difference.seen
        answers = [
            any(np.array_equal(seen, one) for one in _arrays_in(exchange.outcome))
            for exchange in asked
            if isinstance(seen, np.ndarray)
        ]
        return Evidence(difference, quantities_of(plain, arrays), arrays, repeated=sum(answers) > 1)


def _arrays_in(outcome: Outcome) -> Iterator[np.ndarray]:
    """The arrays of a reply, wherever in it they are."""
    values: list[Value] = [outcome.value] if isinstance(outcome, Replied) else []
    while values:
        match values.pop():
            case Tensor() as tensor:
                yield tensor.values
            case list() as items:
                values += items
            case dict() as items:
                values += items.values()


def seed_of(seed: int, check_id: str, salt: Salt = NO_SALT) -> int:
    """The seed of one check: other checks must not change when one is added."""
    return int.from_bytes(salt.mix(f"{seed}:{check_id}")[:7])


def _doubtful(finding: Finding) -> bool:
    """Whether a finding may be the fault of a probe: something was raised, or left out, but not in the submission."""
    return not finding.frames and finding.kind.split()[0] in ("missing", "raises", "raised")


def _place(error: Exception, body: Callable[..., None]) -> str:
    """The type of an exception and the line of the check that it passed through; its text may hold an answer."""
    file = body.__code__.co_filename
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{type(error).__name__} at {Path(file).name}:{lines[-1] if lines else 0}"


def hidden_words(finding: Finding) -> str:
    """What a hidden check may say: the kind of the failure and nothing of the case."""
    return f"failed on a hidden case ({finding.kind})"
