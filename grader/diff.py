"""What regrading changes: whose grade moves, by which check and why, before anything is published.

A grade that cannot be given is `none` on either side of a comparison, and never a zero.
"""

import itertools
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.report import CheckResult
from grader.results import Grade, Results, Student
from grader.verdict import Verdict
from grader.writers import results_json
from grader.writers.gradebooks.filling import label
from grader.writers.terminal import WIDTH, points

STUDENTS_SHOWN = 20
"""Students, and lines of other lists, that are shown unless all are asked for."""
CHECKS_SHOWN = 4
"""Checks of one student that are shown unless all are asked for."""
SAME = 1e-6
"""Points: shares of points are added up in floats, in an order that a new check changes."""


@dataclass(frozen=True)
class CheckMove:
    """One check of one student whose verdict or points are others now; None where it was not run."""

    id: str
    before: Verdict | None
    after: Verdict | None
    change: float
    """in points"""
    reason: str
    """the first line of what the check says now, unless it passes"""


@dataclass(frozen=True)
class Move:
    """A student whose score, grade or maximum is another now."""

    student: Student
    score: tuple[float | None, float | None]
    """before and after the new grading, as the checks have it"""
    final: tuple[float | None, float | None]
    """the same after the course's policy"""
    max_score: tuple[float, float]
    checks: tuple[CheckMove, ...]
    """the biggest losses first"""
    reasons: tuple[str, ...]
    """what moves it besides checks: a problem, or another step of the policy"""

    @property
    def change(self) -> float | None:
        """What the student gains; None where there was no grade, or is none now."""
        before, after = self.final
        return None if before is None or after is None else after - before


@dataclass(frozen=True)
class CheckTally:
    """How many students lose and gain a check."""

    id: str
    title: str
    lost: int
    gained: int
    broken: int
    """how many it cannot judge any more, by our own fault"""


@dataclass(frozen=True)
class Reworded:
    """A check that is judged by other words or counts for another number of points."""

    id: str
    title: tuple[str, str]
    max_score: tuple[float, float]


@dataclass(frozen=True)
class Diff:
    """Everything that two gradings of a class differ in."""

    moves: tuple[Move, ...]
    """those whose grade is gone, then the biggest losses first"""
    unchanged: int
    other_verdicts: int
    """how many of the unchanged have other verdicts at the same score"""
    new: tuple[Grade, ...]
    missing: tuple[Grade, ...]
    broken: tuple[tuple[Student, str], ...]
    """whom the new grading owes a verdict, and which, in words"""
    added: tuple[CheckResult, ...]
    removed: tuple[CheckResult, ...]
    reworded: tuple[Reworded, ...]
    tallies: tuple[CheckTally, ...]
    circumstances: tuple[str, ...]
    """what else is different: seed, hidden checks, the grader's version"""


def read_results(path: Path) -> Results:
    """The results in a file, or in a batch's folder; raises UsageError that says what is wrong with it."""
    path = path / "results.json" if path.is_dir() else path
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name the results.json of a batch") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8 text; name the results.json of a batch") from None
    return results_json.parse(text, str(path))


def compare(old: Results, new: Results) -> Diff:
    """What is different in `new`; students are the same if their keys are."""
    before = {grade.student.key: grade for grade in old.grades}
    after = {grade.student.key: grade for grade in new.grades}
    pairs = [(before[key], grade) for key, grade in after.items() if key in before]
    checks_of_pairs = [_check_moves(*pair) for pair in pairs]
    moves = [_move(*pair, checks) for pair, checks in zip(pairs, checks_of_pairs, strict=True) if _moves(*pair)]
    quiet = [checks for pair, checks in zip(pairs, checks_of_pairs, strict=True) if not _moves(*pair)]
    known, now = _checks(old), _checks(new)
    return Diff(
        moves=tuple(sorted(moves, key=_loss)),
        unchanged=len(quiet),
        other_verdicts=sum(any(check.before is not check.after for check in checks) for checks in quiet),
        new=tuple(grade for key, grade in after.items() if key not in before),
        missing=tuple(grade for key, grade in before.items() if key not in after),
        broken=tuple((grade.student, owed) for grade in new.grades for owed in _owed(grade)),
        added=tuple(check for name, check in now.items() if name not in known),
        removed=tuple(check for name, check in known.items() if name not in now),
        reworded=tuple(_reworded(known, now)),
        tallies=_tallies(checks_of_pairs, known | now),
        circumstances=tuple(_circumstances(old, new)),
    )


def _moves(old: Grade, new: Grade) -> bool:
    """Whether a student is worse or better off."""
    pairs = (_score(old), _score(new)), (old.final, new.final), (old.max_score, new.max_score)
    return any((a is None) != (b is None) or abs((a or 0) - (b or 0)) > SAME for a, b in pairs)


def _loss(move: Move) -> tuple[bool, float, str]:
    """A key that sorts those whose grade is gone before the biggest losses."""
    gone = move.final[1] is None and move.final[0] is not None
    return not gone, move.change or 0.0, move.student.key


def _move(old: Grade, new: Grade, checks: tuple[CheckMove, ...]) -> Move:
    reasons = [new.problem] if new.problem and new.problem != old.problem else []
    reasons += [f"no longer: {old.problem}"] if old.problem and not new.problem else []
    steps = [step.why for step in old.deductions], [step.why for step in new.deductions]
    reasons += [f"policy: {why}" for why in steps[1] if why not in steps[0]]
    reasons += [f"no longer: {why}" for why in steps[0] if why not in steps[1]]
    return Move(
        new.student,
        (_score(old), _score(new)),
        (old.final, new.final),
        (old.max_score, new.max_score),
        checks,
        tuple(reasons),
    )


def _score(grade: Grade) -> float | None:
    return grade.report.score if grade.report else None


def _check_moves(old: Grade, new: Grade) -> tuple[CheckMove, ...]:
    """Checks of one student with other verdicts or points; a check that is new and passes moves nothing."""
    before, after = _by_id(old), _by_id(new)
    moves = []
    for name in after | before:
        was, now = before.get(name), after.get(name)
        change = (now.score if now else 0.0) - (was.score if was else 0.0)
        verdicts = was.verdict if was else None, now.verdict if now else None
        if verdicts[0] is not verdicts[1] or abs(change) > SAME:
            passes = now is None or now.verdict is Verdict.PASS
            reason = "" if passes or now is None else next(iter(now.message.splitlines()), "")
            moves.append(CheckMove(name, *verdicts, change, reason))
    return tuple(sorted(moves, key=lambda move: (move.change, move.id)))


def _by_id(grade: Grade) -> dict[str, CheckResult]:
    return {check.id: check for check in grade.report.checks} if grade.report else {}


def _owed(grade: Grade) -> Iterator[str]:
    """What our own fault keeps from a student, in words; nothing for most."""
    checks = [check.id for check in _by_id(grade).values() if check.verdict is Verdict.BROKEN]
    consequence = "no grade" if grade.final is None else f"graded out of {points(grade.max_score)}"
    if checks:
        yield f"{consequence}; broken: {', '.join(checks)}"
    elif grade.final is None:
        yield f"{consequence}: {grade.problem or 'no reason is known'}"


def _checks(results: Results) -> dict[str, CheckResult]:
    """Each check as most students have it: a broken one moves points to the others of its task."""
    variants: dict[str, Counter[float]] = defaultdict(Counter)
    samples: dict[tuple[str, float], CheckResult] = {}
    for grade in results.grades:
        for name, check in _by_id(grade).items():
            variants[name][check.max_score] += check.verdict is not Verdict.BROKEN
            samples.setdefault((name, check.max_score), check)
    return {name: samples[name, counts.most_common(1)[0][0]] for name, counts in variants.items()}


def _reworded(known: Mapping[str, CheckResult], now: Mapping[str, CheckResult]) -> Iterator[Reworded]:
    for name, check in now.items():
        was = known.get(name)
        if was and (was.title != check.title or abs(was.max_score - check.max_score) > SAME):
            yield Reworded(name, (was.title, check.title), (was.max_score, check.max_score))


def _tallies(
    checks_of_pairs: Iterable[tuple[CheckMove, ...]], checks: Mapping[str, CheckResult]
) -> tuple[CheckTally, ...]:
    """The checks that most students lose first; a check that was not run before is neither lost nor gained."""
    moves = [move for checks in checks_of_pairs for move in checks if move.before and move.after is not move.before]
    broken = Counter(move.id for move in moves if move.after is Verdict.BROKEN)
    lost = Counter(m.id for m in moves if m.before is Verdict.PASS and m.after not in (None, Verdict.BROKEN))
    gained = Counter(move.id for move in moves if move.after is Verdict.PASS)
    tallies = [
        CheckTally(name, checks[name].title, lost[name], gained[name], broken[name]) for name in lost | gained | broken
    ]
    return tuple(sorted(tallies, key=lambda tally: (-tally.lost, -tally.broken, -tally.gained, tally.id)))


def _circumstances(old: Results, new: Results) -> Iterator[str]:
    for what, was, now in (
        ("title", old.title, new.title),
        ("seed", old.seed, new.seed),
        ("hidden checks", "yes" if old.full else "no", "yes" if new.full else "no"),
        ("salt", *(", ".join(sorted(_salts(results))) or "none" for results in (old, new))),
        ("grader", old.version, new.version),
    ):
        if was != now:
            yield f"{what}: {was} -> {now}"


def _salts(results: Results) -> set[str]:
    return {grade.report.salt for grade in results.grades if grade.report and grade.report.salt}


def render(diff: Diff, limit: int | None = STUDENTS_SHOWN) -> str:
    """The difference for a terminal of 80 columns; None for `limit` shows everything."""
    blocks = [
        _summary(diff),
        _block(
            "No grade, or broken by our own fault: this costs nobody points", _limited(map(_owing, diff.broken), limit)
        ),
        _block("Other circumstances", map(_wrapped, diff.circumstances)),
        _block("Checks that are new, gone or other than before", _limited(_other_checks(diff), limit)),
        _block("By check", _limited(map(_tally, diff.tallies), limit)),
        _block("Students whose grade moves, the biggest losses first", _limited(_students(diff, limit), limit)),
        _block("New", _limited((_wrapped(label(grade.student)) for grade in diff.new), limit)),
        _block("No longer there", _limited((_wrapped(label(grade.student)) for grade in diff.missing), limit)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _summary(diff: Diff) -> str:
    changes = [move.change for move in diff.moves]
    known = [change for change in changes if change is not None]
    lost, gained = sum(change < -SAME for change in known), sum(change > SAME for change in known)
    gone = sum(move.final[1] is None for move in diff.moves)
    parts = [f"{lost} lose", f"{gained} gain"]
    for count, words in (
        (gone, "have no grade now"),
        (len(changes) - len(known) - gone, "had no grade before"),
        (len(known) - lost - gained, "keep their grade, but not what it is made of"),
    ):
        parts += [f"{count} {words}"] if count else []
    parts += [f"{diff.unchanged} unchanged"]
    parts += [f"{len(diff.new)} new"] if diff.new else []
    parts += [f"{len(diff.missing)} no longer there"] if diff.missing else []
    text = ", ".join(parts)
    if diff.other_verdicts:
        text += f". Of the unchanged, {diff.other_verdicts} have other verdicts at the same score"
    return textwrap.fill(f"{text}.", WIDTH)


def _block(head: str, lines: Iterable[str]) -> str:
    body = list(lines)
    return "\n".join([head, *body]) if body else ""


def _limited(entries: Iterable[str], limit: int | None) -> Iterator[str]:
    """The first entries, and how many more there are."""
    entries = iter(entries)
    yield from itertools.islice(entries, limit)
    more = sum(1 for _ in entries)
    if more:
        yield f"  and {more} more (`--all` shows them)"


def _owing(owed: tuple[Student, str]) -> str:
    return _wrapped(f"! {label(owed[0])}: {owed[1]}")


def _other_checks(diff: Diff) -> Iterator[str]:
    for check in diff.added:
        yield _wrapped(f"added     {check.id} ({_points(check.max_score)}): {check.title}", rest=12)
    for check in diff.removed:
        yield _wrapped(f"removed   {check.id} ({_points(check.max_score)}): {check.title}", rest=12)
    for other in diff.reworded:
        (old, new), (less, more) = other.title, other.max_score
        if abs(less - more) > SAME:
            yield _wrapped(f"weighs    {other.id}: {points(less)} -> {_points(more)}", rest=12)
        if old != new:
            yield _wrapped(f"reworded  {other.id}: {old} -> {new}", rest=12)


def _points(value: float) -> str:
    return f"{points(value)} point{'' if points(value) == '1' else 's'}"


def _tally(tally: CheckTally) -> str:
    counts = [f"{tally.lost} lose it"] if tally.lost else []
    counts += [f"{tally.gained} gain it"] if tally.gained else []
    counts += [f"{tally.broken} broken"] if tally.broken else []
    return _wrapped(f"{tally.id}: {', '.join(counts)} ({tally.title})")


def _students(diff: Diff, limit: int | None) -> Iterator[str]:
    for move in diff.moves:
        lines = [_headline(move), *(_wrapped(reason, 4) for reason in move.reasons)]
        turned = [check for check in move.checks if check.before is not check.after]
        shown = turned if limit is None else turned[:CHECKS_SHOWN]
        for check in shown:
            lines.append(_wrapped(_verdicts(check), 4))
            lines += [_wrapped(check.reason, 6, 6)] if check.reason else []
        hidden = len(turned) - len(shown)
        lines += [f"    and {hidden} more check{'s' if hidden > 1 else ''}"] if hidden else []
        shares = sum(check.change for check in move.checks if check.before is check.after)
        lines += [f"    checks of the same verdict, counted anew  {_signed(shares)}"] if abs(shares) > SAME else []
        yield "\n".join(lines)


def _headline(move: Move) -> str:
    """Who, and from where to where; the score is named only where the grade tells less."""
    grade = f"{_given(move.final[0])} -> {_given(move.final[1])}"
    if move.change is not None:
        grade += f" ({_signed(move.change)})"
    if move.change is not None and move.score != move.final and None not in move.score:
        grade += f", before the policy {_given(move.score[0])} -> {_given(move.score[1])}"
    if abs(move.max_score[0] - move.max_score[1]) > SAME:
        grade += f", out of {points(move.max_score[0])} -> {points(move.max_score[1])}"
    return _wrapped(f"{label(move.student)}: {grade}", 2, 4)


def _verdicts(check: CheckMove) -> str:
    before, after = check.before or "not run", check.after or "not run"
    # The points of a broken check are not lost: the others of its task share them.
    change = f"  {_signed(check.change)}" if abs(check.change) > SAME and check.after is not Verdict.BROKEN else ""
    return f"{check.id}  {before} -> {after}{change}"


def _given(score: float | None) -> str:
    return "none" if score is None else points(score)


def _signed(change: float) -> str:
    """A change of points, cut towards nothing; the sign is always there."""
    return f"{'-' if change < 0 else '+'}{points(abs(change))}"


def _wrapped(text: str, first: int = 2, rest: int = 4) -> str:
    """A paragraph; what a terminal would obey is taken out of names and messages."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return textwrap.fill(shown, WIDTH, initial_indent=" " * first, subsequent_indent=" " * rest)
