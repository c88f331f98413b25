"""Gradebooks: the results of a class as the files that learning management systems take back.

A grade that is missing is left out and listed. It never becomes a zero, and never an empty cell that would erase one.
"""

from grader.catalog import pick
from grader.errors import UsageError
from grader.results import Results
from grader.writers.gradebooks import blackboard, brightspace, canvas, moodle, moodle_worksheet, plain
from grader.writers.gradebooks.filling import Written

__all__ = ["NAMES", "TEMPLATES", "Written", "write"]

NAMES = ("plain", "canvas", "moodle", "moodle_worksheet", "blackboard", "brightspace")
TEMPLATES = {
    "canvas": canvas.write,
    "moodle_worksheet": moodle_worksheet.write,
    "blackboard": blackboard.write,
    "brightspace": brightspace.write,
}
"""Those that fill a teacher's own file."""


def write(
    name: str, results: Results, template: bytes | None = None, *, column: str = "", decimal: str = "."
) -> Written:
    """The gradebook of that name; raises UsageError if the template cannot be filled.

    `column` is the title or id of the column for grades. `decimal` is the mark of new files; a template's own numbers
    say which mark it has.
    """
    pick(name, list(NAMES), "gradebook")
    if decimal not in (".", ","):
        raise UsageError(f"decimal mark `{decimal}`: use `.` or `,`")
    if name in TEMPLATES:
        return TEMPLATES[name](results, template, column, decimal)
    if template is not None:
        raise UsageError(f"gradebook `{name}`: fills no template; name one of {', '.join(TEMPLATES)}, or none")
    return plain.write(results, decimal) if name == "plain" else moodle.write(results, column, decimal)
