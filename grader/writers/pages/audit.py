"""What the page of an audit shows: per exercise what to fix first, the checks, the kill matrix, the survivors."""

from dataclasses import dataclass

from markupsafe import Markup

from grader.audited import Answered, Audit, ExerciseAudit
from grader.writers.audit_summary import CAUGHT, MISSED, PASSED, UNNAMED, cell

# The look of a verdict that is much the same: caught as expected is good news here.
LOOK = {CAUGHT: "", PASSED: "n", UNNAMED: "f", MISSED: "b"}
LEGEND = (("caught", CAUGHT), ("passed", PASSED), ("caught, but not named", UNNAMED), ("named, but missed", MISSED))


@dataclass(frozen=True)
class Part:
    """One exercise on the page."""

    exercise: ExerciseAudit
    accepted: int
    rows: tuple[tuple[Answered, Markup], ...]


@dataclass(frozen=True)
class Page:
    """All that the template is given."""

    audit: Audit
    names: str
    parts: tuple[Part, ...]
    legend: tuple[tuple[str, str], ...] = LEGEND


def of(audit: Audit) -> Page:
    """The page of an audit."""
    parts = (
        Part(
            exercise,
            len({answer.name for answer in exercise.accepted}),
            tuple((answer, _cells(answer, exercise)) for answer in exercise.wrong),
        )
        for exercise in audit.exercises
    )
    return Page(audit, ", ".join(exercise.name for exercise in audit.exercises), tuple(parts))


def _cells(answer: Answered, exercise: ExerciseAudit) -> Markup:
    signs = [cell(answer, check.id) for check in exercise.checks]
    return Markup("").join(Markup("<td class='{}'>{}</td>").format(LOOK[sign], sign) for sign in signs)
