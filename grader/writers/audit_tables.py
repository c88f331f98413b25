"""An audit as tables in Markdown, for the documents of a lesson. What a machine's speed changes is left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from grader.audited import Audit, ExerciseAudit

TITLE = "# What catches what"
HEAD = f"""{TITLE}

Written by `make audit`. Wrong answers are people's mistakes, one file each in `solutions/NAME/wrong/`; mutants are the
reference with one small change made by a machine. A mutant counts for the first check that catches it.
"""


CLEAN = "Nothing to fix."
CHAPTER = "\n## "


def render(audit: Audit, order: Sequence[str] = (), kept: Mapping[str, str] | None = None) -> str:
    """A chapter per exercise; `kept` are those of exercises that were not audited now, `order` that of all."""
    chapters = dict(kept or {}) | {exercise.name: "\n".join(_chapter(exercise)) for exercise in audit.exercises}
    return "\n".join([HEAD, *(chapters[name] for name in order or chapters if name in chapters)])


def chapters_of(text: str) -> dict[str, str]:
    """The chapters of tables that were rendered once, by exercise; none for any other text."""
    head, *chapters = text.split(CHAPTER)
    if not head.startswith(TITLE):
        return {}
    return {chapter.partition("\n")[0]: f"{CHAPTER.strip()} {chapter.rstrip()}\n" for chapter in chapters}


def is_settled(chapter: str, name: str, digest: str, *, mutants: bool) -> bool:
    """Whether a chapter tells of an exercise as it is, with nothing left to fix, and of `mutants` if need be."""
    fresh = chapter.startswith(f"## {name}\n{mark(name, digest)}\n") and f"\n{CLEAN}\n" in chapter
    return fresh and not (mutants and "\n- 0 mutants:" in chapter)


def mark(name: str, digest: str) -> str:
    """The line that tells what an exercise's tables were made of."""
    return f"<!-- {name} {digest} -->"


def _chapter(exercise: ExerciseAudit) -> Iterator[str]:
    yield f"## {exercise.name}"
    yield mark(exercise.name, exercise.digest)
    yield ""
    flaws = [flaw for flaw in exercise.flaws if flaw.kind != "slow"]
    yield from (f"- **{flaw.what}**: {flaw.advice}" for flaw in flaws)
    yield from ([] if flaws else [CLEAN])
    yield ""
    accepted = len({answer.name for answer in exercise.accepted})
    exact = sum(answer.is_right for answer in exercise.wrong)
    survivors, unexplained = len(exercise.survivors), len(exercise.unexplained)
    yield f"- {len(exercise.wrong)} wrong answers, {exact} of them caught by exactly the checks they name"
    yield f"- {accepted} accepted answers"
    yield (
        f"- {len(exercise.mutants)} mutants: {len(exercise.mutants) - survivors} caught, {survivors - unexplained} "
        f"recorded as equivalent, {unexplained} unexplained"
    )
    yield ""
    counts = ((check.id, *exercise.caught(check.id)) for check in exercise.checks)
    yield from _table(("check", "wrong answers", "mutants, as the first"), counts)
    yield ""
    made = Counter(mutant.change for mutant in exercise.mutants)
    alive = Counter(mutant.change for mutant in exercise.survivors)
    yield from _table(
        ("change", "mutants", "survive"), ((change, count, alive[change]) for change, count in sorted(made.items()))
    )
    if exercise.survivors:
        yield ""
        yield "Those that survive, and why:"
    for mutant in exercise.survivors:
        yield ""
        yield f"- `{mutant.digest}`, {mutant.function}, {mutant.change}: {mutant.reason or '**no reason yet**'}"
        yield ""
        yield from (f"      {line}" for line in mutant.diff.splitlines())
    if exercise.hollow:
        yield ""
        yield "Checks that pass although numbers in the replies were replaced:"
        yield ""
        rows = ((hollow.check, hollow.change, hollow.reason or "**no reason yet**") for hollow in exercise.hollow)
        yield from _table(("check", "replaced by", "why that is right"), rows)
    yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
