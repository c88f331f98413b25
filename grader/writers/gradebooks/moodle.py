"""Moodle's gradebook import: a key, a grade, feedback. All or nothing: one unknown user, and Moodle imports no row.

An empty cell erases a grade in Moodle, so that a student without one has no row. Names are never a key.
"""

from grader.results import Results
from grader.writers.gradebooks import feedback
from grader.writers.gradebooks.filling import Written, sift
from grader.writers.gradebooks.sheet import harmless, number, table

KEYS = {"sis_id": "ID number", "email": "Email address", "login": "Username"}
"""What Moodle can tell users by, the surest first. The teacher maps one column: so all rows have the same."""


def write(results: Results, column: str, decimal: str) -> Written:
    """The key that most students have, and the grade under the name of the assignment."""
    sifted = {kind: sift(results, [kind]) for kind in KEYS}
    kind = max(KEYS, key=lambda kind: len(sifted[kind][0]))
    graded, left_out = sifted[kind]
    header = [KEYS[kind], harmless(column or results.title or "Grade"), "Feedback"]
    rows = [[getattr(student, kind), number(final, decimal), feedback.html(grade)] for student, final, grade in graded]
    return Written(table([header, *rows]), len(rows), left_out)
