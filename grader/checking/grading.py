"""Runs checks on one submission and keeps what became of each. Knows implementations and laws, not pytest."""

import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from grader.catalog import Exercise
from grader.checking.cases import SEED, Case, cases_of
from grader.checking.check import Check, parameters_of, require_check
from grader.checking.finding import Failed, Finding, Situation, Todo, is_shown, words
from grader.checking.implementation import Implementation, Source
from grader.checking.inputs import Inputs
from grader.errors import BrokenError, CatalogError, UnansweredError
from grader.report import Judged
from grader.salt import NO_SALT, Salt
from grader.verdict import Verdict
from grader.worker.host import Launcher, Order, Served, Worker, launch
from grader.worker.isolation import Confinement, Isolation, weakest

# The order of Unix: every implementation of an exercise has one of these roles, and only one is not ours.
TRUSTED_ROLES = ("oracle", "reference")
UNLIKE = "your answer is so unlike what was asked for that it cannot be judged"


def served(exercise: Exercise) -> Served:
    """An exercise as worker processes need to know it."""
    config = exercise.config
    return Served(exercise.name, exercise.probes, config.framework, config.warm, config.forbidden)


def _own_files(exercises: Iterable[Exercise]) -> list[Path]:
    """What tells how submissions are judged, and by which answers."""
    folders = [folder for exercise in exercises for folder in (exercise.folder, exercise.solutions)]
    return [path for folder in folders for path in sorted(folder.glob("*.py"))]


class Bench:
    """What grading one submission leaves behind for the next: warm processes, our own replies, drawn cases."""

    def __init__(
        self,
        exercises: tuple[Exercise, ...],
        *,
        fork: bool | None = None,
        unreadable: Iterable[Path] = (),
        needs_jail: bool = False,
    ) -> None:
        """`unreadable` are files, other than the exercises' own, that no submission may read."""
        self._unreadable = tuple(str(path) for path in [*_own_files(exercises), *unreadable])
        self._needs_jail = needs_jail
        self.exercises = {exercise.name: exercise for exercise in exercises}
        self.launcher: Launcher = launch(tuple(map(served, exercises)), fork=fork)
        self._trusted: dict[tuple[str, str], Implementation] = {}
        self._cases: dict[tuple[str, int], list[Case]] = {}

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
            limits = replace(exercise.config.limits, call_s=60.0, memory_mib=4096)
            source = Source(role, role, content, limits=limits)
            self._trusted[key] = Implementation(source, self.launcher, exercise.name)
        return self._trusted[key]

    def student(self, exercise: Exercise, content: bytes | None) -> Implementation:
        """A submission's implementation of an exercise; None for one that was not handed in."""
        config = exercise.config
        source = Source(
            "student", exercise.name, content, config.forbidden, config.limits, self._unreadable, self._needs_jail
        )
        return Implementation(source, self.launcher, exercise.name)

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

    def settle(self) -> None:
        """End the processes of our own implementations; what they answered stays known."""
        for implementation in self._trusted.values():
            implementation.close()

    def close(self) -> None:
        """End all processes."""
        self.settle()
        self.launcher.close()


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

        Without `explain` a failure is named by its kind alone, and nothing is spent on words for it.
        """
        self.bench, self.seed, self.salt = bench, seed, salt
        self._explain = explain
        self.judged: dict[str, Judged] = {}
        self._students = students
        self._verdicts = dict(known or {})

    @classmethod
    def of(cls, bench: Bench, sources: Mapping[str, bytes], seed: int, salt: Salt = NO_SALT) -> Self:
        """The grading of a submission that consists of these files."""
        exercises = bench.exercises.items()
        students = {name: bench.student(exercise, sources.get(name)) for name, exercise in exercises}
        return cls(bench, students, seed, salt)

    @property
    def isolation(self) -> Isolation:
        """How well the submission was confined, in the weakest of its workers."""
        return weakest(isolation for student in self._students.values() for isolation in student.isolations)

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
            except Failed as failed:
                if _doubtful(failed.finding) and not self._survives_ours(exercise, check, body):
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

    def _survives_ours(self, exercise: Exercise, check: Check, body: Callable[..., None]) -> bool:
        """Whether the reference (or the oracle) passes the check in the student's place.

        If not, the check or its probe is at fault, which a student can neither cause nor pay for.
        """
        role = "reference" if exercise.reference.is_file() else "oracle"
        stand_in = self.bench.trusted(exercise, role).as_student()
        try:
            self._run_cases(exercise, check, body, stand_in, hidden=True)
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
        student.begin(seed)
        attempt = _Attempt(self.bench, exercise, body, student, seed)
        cases = self.bench.cases(check, body, seed)
        for index, case in enumerate(cases):
            try:
                attempt(case)
            except Failed as failed:
                finding = failed.finding
                if hidden or not self._explain:
                    raise Failed(replace(finding, headline=hidden_words(finding))) from None
                # A file that cannot be loaded fails on every case: none of them explains anything.
                situation = Situation() if finding.kind.startswith("load") else attempt.situation(case)
                if not finding.fatal and cases_of(body).strategies:
                    finding, situation = self._smallest(attempt, body, cases[:index], case, seed, finding, situation)
                raise Failed(replace(finding, headline=words(finding, situation))) from None

    def _smallest(
        self,
        attempt: "_Attempt",
        body: Callable[..., None],
        passed: list[Case],
        case: Case,
        seed: int,
        finding: Finding,
        situation: Situation,
    ) -> tuple[Finding, Situation]:
        found = {repr(case): (finding, situation)}

        def fails(candidate: Case) -> bool:
            try:
                attempt(candidate)
            except Failed as failed:
                found[repr(candidate)] = failed.finding, attempt.situation(candidate)
                # A smaller case that fails for another reason would explain another mistake.
                return failed.finding.kind == finding.kind
            except Exception:
                return False
            return False

        with_inputs = "inputs" in parameters_of(body)
        smallest = cases_of(body).shrink(fails, passed, case, seed, with_inputs=with_inputs)
        return found[repr(smallest)]


class _Attempt:
    """Runs a check's body on one case, and remembers on what."""

    def __init__(
        self, bench: Bench, exercise: Exercise, body: Callable[..., None], student: Implementation, seed: int
    ) -> None:
        self._bench, self._exercise, self._body, self._student, self._seed = (bench, exercise, body, student, seed)
        self._inputs = Inputs(0, 0)

    def __call__(self, case: Case) -> None:
        """Raises Failed or Todo as the body does."""
        self._student.printed()  # a message tells only what was printed on its own case
        self._inputs = Inputs(self._seed, case.get(SEED, 0))
        given: dict[str, Any] = {name: value for name, value in case.items() if name != SEED}
        for name in parameters_of(self._body):
            if name == "inputs":
                given[name] = self._inputs
            elif name == "student":
                given[name] = self._student
            elif name in TRUSTED_ROLES:
                given[name] = self._bench.trusted(self._exercise, name)
                given[name].begin(self._seed)
        self._body(**given)

    def situation(self, case: Case) -> Situation:
        """What there is to tell about the case that was just run."""
        call = self._exercise.calls().get(self._student.last_probe, "")
        made = dict(self._inputs.made)
        shown = case | self._student.last_plain
        if made and all(map(is_shown, made.values())):
            shown.pop(SEED, None)  # it only made the arrays, which are there to be read
        return Situation(shown, made, call, self._student.printed())


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
