"""Runs checks on one submission and keeps what became of each. Knows implementations and laws, not pytest."""

import hashlib
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from grader.catalog import Exercise
from grader.checking.cases import SEED, Case, cases_of
from grader.checking.check import Check, parameters_of, require_check
from grader.checking.finding import Failed, Finding, Situation, Todo, words
from grader.checking.implementation import Implementation, Source
from grader.checking.inputs import Inputs
from grader.errors import BrokenError, CatalogError
from grader.report import Judged
from grader.verdict import Verdict
from grader.worker.host import Launcher, Served, launch

# The order of Unix: every implementation of an exercise has one of these roles, and only one is not ours.
TRUSTED_ROLES = ("oracle", "reference")


def served(exercise: Exercise) -> Served:
    """An exercise as worker processes need to know it."""
    return Served(exercise.name, exercise.probes, exercise.config.framework, exercise.config.warm)


class Bench:
    """What grading one submission leaves behind for the next: warm processes, our own replies, drawn cases."""

    def __init__(self, exercises: tuple[Exercise, ...], *, fork: bool | None = None) -> None:
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

    def cases(self, check: Check, body: Callable[..., None], seed: int) -> list[Case]:
        """The cases of a check for a seed, drawn once."""
        key = check.id, seed
        if key not in self._cases:
            self._cases[key] = cases_of(body).draw(seed, with_inputs="inputs" in parameters_of(body))
        return self._cases[key]

    def close(self) -> None:
        """End all processes."""
        for implementation in self._trusted.values():
            implementation.close()
        self.launcher.close()


class Grading:
    """One submission being graded: `run` judges one check after the other, in their order."""

    def __init__(self, bench: Bench, sources: Mapping[str, bytes], seed: int) -> None:
        self.bench, self.seed = bench, seed
        self.judged: dict[str, Judged] = {}
        self._students = {
            name: Implementation(
                Source("student", name, sources.get(name), exercise.config.forbidden, exercise.config.limits),
                bench.launcher,
                name,
            )
            for name, exercise in bench.exercises.items()
        }

    def run(self, exercise: Exercise, body: Callable[..., None], *, hidden: bool) -> Judged:
        """Judge one check of an exercise; never raises for anything that a submission did."""
        check = require_check(body)
        self._validate(exercise, check)
        started = time.monotonic()
        unmet = self._unmet_need(exercise, check)
        if unmet:
            verdict, message = Verdict.SKIPPED, f"builds on {unmet}, which does not pass yet"
        else:
            verdict, message = self._judge(exercise, check, body, hidden)
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
        )
        self.judged[check.id] = judged
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

    def _unmet_need(self, exercise: Exercise, check: Check) -> str | None:
        """The first need of the check's task that was judged and did not pass."""
        for need in exercise.task(check.task).needs:
            verdicts = [judged.verdict for judged in self.judged.values() if need in (judged.id, judged.task)]
            if any(verdict not in (Verdict.PASS, Verdict.BROKEN) for verdict in verdicts):
                return need
        return None

    def _judge(self, exercise: Exercise, check: Check, body: Callable[..., None], hidden: bool) -> tuple[Verdict, str]:
        student = self._students[exercise.name]
        for attempt in ("first", "second"):
            try:
                self._run_cases(exercise, check, body, student, hidden)
                return Verdict.PASS, ""
            except Todo as todo:
                return self._open_hole(check, todo.task)
            except Failed as failed:
                return Verdict.FAIL, str(failed)
            except BrokenError as error:
                if attempt == "second":
                    return Verdict.BROKEN, str(error)
            except Exception:
                return self._check_crashed(exercise, check, body, traceback.format_exc(limit=-2))
        raise AssertionError("unreachable")

    def _open_hole(self, check: Check, hole: str) -> tuple[Verdict, str]:
        if re.fullmatch(r"\w+\.\d+", hole) and hole != check.task:
            return Verdict.SKIPPED, f"builds on {hole}, which is not started"
        return Verdict.TODO, "not started"

    def _check_crashed(
        self, exercise: Exercise, check: Check, body: Callable[..., None], trace: str
    ) -> tuple[Verdict, str]:
        """A check must survive whatever a student returns; find out whether ours or theirs made it crash.

        The reference (or the oracle) takes the student's place: if the check survives that, it was the student's
        answer. Otherwise it is our bug, which a student can neither cause nor pay for.
        """
        role = "reference" if exercise.reference.is_file() else "oracle"
        stand_in = self.bench.trusted(exercise, role).as_student()
        try:
            self._run_cases(exercise, check, body, stand_in, hidden=True)
        except Exception:
            return Verdict.BROKEN, f"the check crashed:\n{trace}"
        finally:
            stand_in.close()
        return Verdict.FAIL, "your answer is so unlike what was asked for that it cannot be judged"

    def _run_cases(
        self, exercise: Exercise, check: Check, body: Callable[..., None], student: Implementation, hidden: bool
    ) -> None:
        """Run the body on all cases; raises Failed with the message for the smallest failing one."""
        seed = seed_of(self.seed, check.id)
        student.begin(seed)
        attempt = _Attempt(self.bench, exercise, body, student, seed)
        cases = self.bench.cases(check, body, seed)
        for index, case in enumerate(cases):
            try:
                attempt(case)
            except Failed as failed:
                if hidden:
                    raise Failed(Finding(failed.finding.kind, hidden_words(failed.finding))) from None
                finding = failed.finding
                # A file that cannot be loaded fails on every case: none of them explains anything.
                situation = Situation() if finding.kind == "load" else attempt.situation(case)
                if not finding.fatal and cases_of(body).strategies:
                    finding, situation = self._smallest(attempt, body, cases[:index], case, seed, finding)
                raise Failed(replace(finding, headline=words(finding, situation))) from None

    def _smallest(
        self,
        attempt: "_Attempt",
        body: Callable[..., None],
        passed: list[Case],
        case: Case,
        seed: int,
        finding: Finding,
    ) -> tuple[Finding, Situation]:
        found = {repr(case): (finding, attempt.situation(case))}

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
        self._inputs = Inputs(0)

    def __call__(self, case: Case) -> None:
        """Raises Failed or Todo as the body does."""
        self._inputs = Inputs(case.get(SEED, 0))
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
        return Situation(case, dict(self._inputs.made), call, self._student.printed())


def seed_of(seed: int, check_id: str) -> int:
    """The seed of one check: other checks must not change when one is added."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{check_id}".encode()).digest()[:7])


def hidden_words(finding: Finding) -> str:
    """What a hidden check may say: the kind of the failure and nothing of the case."""
    return f"failed on a hidden case ({finding.kind})"
