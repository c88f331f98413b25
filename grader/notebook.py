"""`import grader.notebook as g` in a notebook: `g.check("exercise.1")` grades a task on the cells that were run so far.

It shows what the command would say, and is worth the task's points. No grade: the student's code runs in this kernel,
too, and could say anything.
"""

import atexit
import functools
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

from grader import progress
from grader.authoring.stubs import handed_out
from grader.catalog import Catalog, Exercise, Task, find_root, read_catalog
from grader.cells.slicing import module_of
from grader.errors import GraderError, UsageError
from grader.grade import DEFAULT_SEED, Session, report_of
from grader.report import Report
from grader.salt import NO_SALT
from grader.writers import cell

__all__ = ["check", "hint"]
_sessions: dict[str, Session] = {}
"""by exercise; the processes of each stay warm for the next check, and end with the kernel"""


class NotChecked(Exception):
    """Why a task could not be checked: one line, where IPython would show the way through the grader."""

    def _render_traceback_(self) -> list[str]:
        return [f"grader: {self}"]


def check(task_id: str) -> float:
    """Grade a task on the definitions that were run so far, show what was found, and return the points."""
    try:
        exercise, task = _catalog().task(task_id)
        made = module_of(_history(), exercise.name, handed_out(exercise))
        report = _grade(exercise, task, made.source.encode())
    except GraderError as error:
        raise NotChecked(str(error)) from None
    points = next(result.score for result in report.exercises[0].tasks if result.id == task.id)
    notes = made.said if points < task.points else []  # of use only to who wonders what was graded
    _show(cell.text(report, task.id, notes), cell.html(report, task.id, notes))
    return points


def hint(task_id: str) -> None:
    """Show the next hint of a task; asking again gives a stronger one."""
    try:
        catalog = _catalog()
        _, task = catalog.task(task_id)
    except GraderError as error:
        raise NotChecked(str(error)) from None
    seen = progress.next_hint(
        catalog.root, task.id, len(task.hints), lambda line: _show(*cell.plain(f"grader: {line}"))
    )
    words = f"{task.id} {task.title}, hint {seen + 1} of {len(task.hints)}:\n\n{task.hints[seen]}"
    _show(*cell.plain(f"{words}\n\nAsk again for the next one." if seen + 1 < len(task.hints) else words))


def _history() -> list[str]:
    """The cells that were run, in their turn: that of `In[1]` is the first."""
    shell = get_ipython()
    if shell is None:
        raise UsageError("this is no notebook; run `grader check` instead")
    return list(shell.history_manager.input_hist_raw[1:])  # as typed: of `%%time`, `In` has a call with a string


@functools.cache
def _catalog() -> Catalog:
    return read_catalog(find_root(Path.cwd()))


def _grade(exercise: Exercise, task: Task, source: bytes) -> Report:
    """The report on a task and on those that it builds on, by the public checks."""
    session = _session(exercise)
    tasks = exercise.needed_by(task)
    wanted = {collected.check.id for collected in session.checks if collected.check.task in tasks}
    try:
        grading = session.judge(exercise.name, source, DEFAULT_SEED, wanted, {})
    except BaseException:  # interrupted, maybe in the middle of a question
        _sessions.pop(exercise.name).close()
        raise
    judged = grading.judged.values()
    return report_of((exercise,), judged, DEFAULT_SEED, grading.isolation, full=False, salt=NO_SALT.fingerprint)


def _session(exercise: Exercise) -> Session:
    if exercise.name not in _sessions:
        _sessions[exercise.name] = Session((exercise,))
        atexit.register(_sessions[exercise.name].close)
    return _sessions[exercise.name]


def _show(text: str, html: str) -> None:
    display({"text/plain": text, "text/html": html}, raw=True)
