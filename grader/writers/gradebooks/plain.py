"""A table of everything, for people: one row per student, one column per exercise and task."""

from collections.abc import Iterator

from grader.report import ExerciseResult
from grader.results import Grade, Results
from grader.writers.gradebooks.filling import Written, broken, label, why_no_grade
from grader.writers.gradebooks.sheet import harmless, number, table
from grader.writers.terminal import points

STUDENT = ("key", "name", "id", "login", "email", "sis_id", "participant")


def write(results: Results, decimal: str) -> Written:
    """Every student has a row; who has no grade has an empty cell there, never a zero."""
    exercises = _exercises(results)
    header = [*STUDENT, *exercises, "raw", "final", "max", "late", "submitted at", "deductions", "needs a look"]
    rows = [[harmless(title) for title in header]]
    rows += [_row(grade, exercises, decimal) for grade in results.grades]
    left_out = [(label(grade.student), why_no_grade(grade, results)) for grade in results.grades if grade.final is None]
    # Where numbers have a decimal comma, spreadsheet programs expect a semicolon between cells.
    content = table(rows, ";" if decimal == "," else ",")
    return Written(content, len(results.grades) - len(left_out), tuple(left_out))


def _exercises(results: Results) -> list[str]:
    """Exercises, each with its tasks after it, in the order in which the reports have them."""
    columns: dict[str, dict[str, None]] = {}
    for exercise in _graded(results.grades):
        columns.setdefault(exercise.name, {}).update(dict.fromkeys(task.id for task in exercise.tasks))
    return [column for name, tasks in columns.items() for column in (name, *tasks)]


def _graded(grades: tuple[Grade, ...]) -> Iterator[ExerciseResult]:
    for grade in grades:
        yield from grade.report.exercises if grade.report else ()


def _row(grade: Grade, exercises: list[str], decimal: str) -> list[str]:
    scores: dict[str, float] = {}
    for exercise in _graded((grade,)):
        parts = [(exercise.name, exercise), *((task.id, task) for task in exercise.tasks)]
        # Of what could not be judged there is no score, and nothing to be had is not 0 of it.
        scores |= {name: part.score for name, part in parts if part.max_score}
    raw = grade.report.score if grade.report and grade.report.max_score else None
    look = [text for text in (grade.problem, broken(grade), *grade.notes) if text]
    deductions = [f"{deduction.why}: {points(deduction.score)}" for deduction in grade.deductions]
    return [
        *(harmless(str(getattr(grade.student, name))) for name in STUDENT),
        *(_number(score, decimal) for score in (*map(scores.get, exercises), raw, grade.final, grade.max_score)),
        "late" if grade.late else "",
        grade.submitted_at.isoformat() if grade.submitted_at else "",
        harmless("; ".join(deductions)),
        harmless("; ".join(look)),
    ]


def _number(score: float | None, decimal: str) -> str:
    return "" if score is None else number(score, decimal)
