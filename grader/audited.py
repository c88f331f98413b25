"""What an audit found out about the checks of exercises: pure data, versioned, with what to fix first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

AUDIT_VERSION = 1
LIMIT_SHARE = 0.5
"""Of a limit: what our own answers need more of is a risk on a slower machine."""
FlawKind = Literal["reference", "stub", "unfair", "missed", "inexact", "idle", "hollow", "survivor", "stale", "slow"]


@dataclass(frozen=True)
class CheckFacts:
    """One check, and what it costs."""

    id: str
    title: str
    hidden: bool
    median_s: float
    """over right answers"""
    share: float
    """of the time of all checks"""


@dataclass(frozen=True)
class Answered:
    """What became of one answer of ours under one seed."""

    name: str
    headline: str
    seed: int
    expected: tuple[str, ...]
    """the checks that must fail"""
    failed: tuple[str, ...]
    others: tuple[str, ...]
    """the checks that neither passed nor failed, with their verdict"""

    @property
    def is_right(self) -> bool:
        return set(self.expected) == set(self.failed) and not self.others


@dataclass(frozen=True)
class MutantFacts:
    """One machine-made mistake."""

    digest: str
    task: str
    function: str
    line: int
    change: str
    diff: str
    caught_by: str
    """the first check that did not pass; empty for a survivor"""
    reason: str = ""
    """why it is no mistake at all, where that is on record"""


@dataclass(frozen=True)
class HollowFacts:
    """A check that passes although all numbers that it was shown were replaced."""

    check: str
    change: str
    reason: str = ""
    """why that is right, where that is on record"""


@dataclass(frozen=True)
class Moved:
    """A verdict on a right answer that is another one where nothing but luck differs."""

    check: str
    by: str


@dataclass(frozen=True)
class Flaw:
    """Something to fix: what it is, and what to do about it."""

    kind: FlawKind
    what: str
    advice: str


@dataclass(frozen=True)
class ExerciseAudit:
    """All that was found out about one exercise."""

    name: str
    title: str
    digest: str
    """of everything that was audited, so that a table tells whether it is fresh"""
    checks: tuple[CheckFacts, ...]
    reference: tuple[Answered, ...]
    stub: tuple[Answered, ...]
    accepted: tuple[Answered, ...]
    wrong: tuple[Answered, ...]
    mutants: tuple[MutantFacts, ...]
    hollow: tuple[HollowFacts, ...]
    moved: tuple[Moved, ...]
    stale: tuple[str, ...]
    """entries of the record that nothing corresponds to any more"""
    longest_call_s: float
    call_limit_s: float
    longest_answer_s: float
    total_limit_s: float

    @property
    def survivors(self) -> tuple[MutantFacts, ...]:
        return tuple(mutant for mutant in self.mutants if not mutant.caught_by)

    @property
    def unexplained(self) -> tuple[MutantFacts, ...]:
        return tuple(mutant for mutant in self.survivors if not mutant.reason)

    def caught(self, check: str) -> tuple[int, int]:
        """How many wrong answers a check catches, and how many mutants it is the first to catch."""
        by_answer = sum(check in answer.failed for answer in self.wrong)
        return by_answer, sum(mutant.caught_by == check for mutant in self.mutants)

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What to fix, the worst first: what costs students points, then what lets mistakes through, then the rest."""
        return tuple(_flaws(self))


@dataclass(frozen=True)
class Audit:
    """What was found out about some exercises."""

    version: str
    """of the grader"""
    seeds: tuple[int, ...]
    mutants: bool
    """whether mutants were made"""
    exercises: tuple[ExerciseAudit, ...]

    @property
    def is_clean(self) -> bool:
        return not any(exercise.flaws for exercise in self.exercises)


def _flaws(audit: ExerciseAudit) -> Iterator[Flaw]:
    for answer in (*audit.reference, *audit.stub):
        if not answer.is_right:
            kind: FlawKind = "stub" if answer in audit.stub else "reference"
            advice = "every check of the stub must be `todo`" if kind == "stub" else "mend it, or the check"
            yield Flaw(kind, f"{answer.name}, seed {answer.seed}: {_outcome(answer)}", advice)
    for answer in audit.accepted:
        if not answer.is_right:
            what = f"accepted/{answer.name}, seed {answer.seed}: {_outcome(answer)}"
            yield Flaw("unfair", what, "a right answer loses points: loosen the check, or say in the stub what it asks")
    for moved in audit.moved:
        yield Flaw("unfair", f"{moved.check} does not pass {moved.by}", "widen its tolerance, or use other inputs")
    for answer in audit.wrong:
        if not answer.failed:
            yield Flaw("missed", f"wrong/{answer.name} is not caught", "sharpen the check that it is about")
    for answer in audit.wrong:
        if answer.failed and not answer.is_right:
            what = f"wrong/{answer.name}: {_difference(answer)}"
            yield Flaw("inexact", what, "mend the check, or the list in its second line")
    named = {check for answer in audit.wrong for check in answer.expected}
    for check in audit.checks:
        if check.id not in named:
            yield Flaw("idle", f"no wrong answer fails {check.id}", "write the mistake that it is there for")
    for hollow in audit.hollow:
        if not hollow.reason:
            what = f"{hollow.check} passes with {hollow.change}"
            yield Flaw("hollow", what, "let it look at the numbers, or record in audit.toml why this is right")
    for mutant in audit.unexplained:
        what = f"line {mutant.line}, {mutant.function}: {mutant.change}  [{mutant.digest}]"
        yield Flaw("survivor", what, "catch it by a check, or record in audit.toml why it is no mistake")
    for entry in audit.stale:
        yield Flaw("stale", f"audit.toml: {entry}", "take it out, or judge the change anew")
    if audit.longest_call_s > LIMIT_SHARE * audit.call_limit_s:
        what = f"a call of our own takes {audit.longest_call_s:.1f} s of the {audit.call_limit_s:g} s allowed"
        yield Flaw("slow", what, "make its inputs smaller, or the limit wider")
    if audit.longest_answer_s > LIMIT_SHARE * audit.total_limit_s:
        what = f"an accepted answer takes {audit.longest_answer_s:.1f} s of the {audit.total_limit_s:g} s allowed"
        yield Flaw("slow", what, "make the checks cheaper, or the limit wider")


def _outcome(answer: Answered) -> str:
    parts = [f"fails {', '.join(answer.failed)}"] if answer.failed else []
    return "; ".join([*parts, *answer.others])


def _difference(answer: Answered) -> str:
    missing = [check for check in answer.expected if check not in answer.failed]
    more = [check for check in answer.failed if check not in answer.expected]
    parts = [f"{verb} {', '.join(checks)}" for verb, checks in (("passes", missing), ("also fails", more)) if checks]
    return "; ".join([*parts, *answer.others])
