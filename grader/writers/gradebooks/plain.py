"""A table of everything, for people: one row per student, one column per exercise and task."""

from collections.abc import Iterator

from grader.report import ExerciseResult
from grader.results import Grade, Results, Student
from grader.writers.gradebooks.filling import Written, broken, label, why_no_grade
from grader.writers.gradebooks.sheet import harmless, number, table
from grader.writers.terminal import points

STUDENT = ("key", "name", "id", "login", "email", "sis_id", "participant")


def write(results: Results, decimal: str) -> Written:
    """Every student of hand-ins and roster has a row; who has no grade has an empty cell there, never a zero."""
    exercises = _exercises(results)
    bonus = ["bonus"] if any(_bonus(grade) is not None for grade in results.grades) else []
    header = [*STUDENT, *exercises, "raw", "final", "max", *bonus, "late", "submitted at", "deductions", "needs a look"]
    rows = [[harmless(title) for title in header]]
    rows += [_row(grade, exercises, decimal, with_bonus=bool(bonus)) for grade in results.grades]
    for student in results.missing:
        rows.append([*_names(student), *[""] * (len(header) - len(STUDENT) - 1), "handed in nothing"])
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


def _bonus(grade: Grade) -> float | None:
    """What was earned on a GPU, which is no part of any other column; None where nobody asked."""
    report = grade.report
    return report.bonus if report and any(exercise.bonus_checks for exercise in report.exercises) else None


def _row(grade: Grade, exercises: list[str], decimal: str, *, with_bonus: bool) -> list[str]:
    scores: dict[str, float] = {}
    for exercise in _graded((grade,)):
        # What could not be judged has no points to be had, and no score: nothing out of nothing is not a zero.
        scores |= {exercise.name: exercise.score} if exercise.max_score else {}
        scores |= {task.id: task.score for task in exercise.tasks if task.max_score}
    raw = grade.report.score if grade.report and grade.report.max_score else None
    look = [text for text in (grade.problem, broken(grade), *grade.notes) if text]
    deductions = [f"{deduction.why}: {points(deduction.score)}" for deduction in grade.deductions]
    return [
        *_names(grade.student),
        *(_number(score, decimal) for score in (*map(scores.get, exercises), raw, grade.final, grade.max_score)),
        *([_number(_bonus(grade), decimal)] if with_bonus else []),
        "late" if grade.late else "",
        grade.submitted_at.isoformat() if grade.submitted_at else "",
        harmless("; ".join(deductions)),
        harmless("; ".join(look)),
    ]


def _names(student: Student) -> list[str]:
    return [harmless(str(getattr(student, name))) for name in STUDENT]


def _number(score: float | None, decimal: str) -> str:
    return "" if score is None else number(score, decimal)
