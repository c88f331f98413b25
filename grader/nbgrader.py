"""Grades nbgrader's submissions from outside: no cell of a student runs in a kernel, or anywhere but in the jail.

What a kernel says of a cell, the student's code in that kernel could have said. So the cells become a module, a Session
grades it, and what it found is written below the check cells, where nbgrader reads points and students read why.
"""

import itertools
import re
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode, from_dict, writes
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import ClearSolutions, Execute
from traitlets import Bool, Unicode
from traitlets.config import Config

from grader.authoring.notebooks import nbgrader_metadata
from grader.authoring.stubs import handed_out, make_stub, regions_of
from grader.catalog import Exercise, read_catalog
from grader.cells.reading import read_cells
from grader.cells.slicing import module_of
from grader.errors import BrokenError, CatalogError, UnreadableError, UsageError
from grader.grade import Session
from grader.report import Report, TaskResult
from grader.salt import NO_SALT, read_salt, secret_file
from grader.submission import MOST_SECRETS, existing_secrets
from grader.verdict import Verdict
from grader.writers import cell as cell_writer

CHECK = re.compile(r'^g\.check\("([\w.]+)"\)', re.MULTILINE)
"""the line of a cell that checks a task"""
WITH_IDS = 5
"""the minor version of the notebook format since which cells have ids"""
Resources = dict[str, Any]
_sessions: "weakref.WeakKeyDictionary[Exporter, dict[str, Session]]" = weakref.WeakKeyDictionary()
"""of each run of `nbgrader autograde`: one for all notebooks of an exercise; they end with the run"""


def configure(config: Config, lesson: str) -> None:
    """Have nbgrader cut solutions and grade as this lesson does; raises UsageError where it has changed too much."""
    config.GradeFromOutside.lesson = lesson
    config.ExportApp.plugin_class = ExportGrades
    config.GenerateAssignment.preprocessors = _with(GenerateAssignment, "preprocessors", ClearSolutions, CutSolutions)
    config.Autograde.autograde_preprocessors = _with(Autograde, "autograde_preprocessors", Execute, GradeFromOutside)


def _with(converter: type, trait: str, theirs: type, ours: type) -> list[type]:
    """The steps of a converter, with one of ours in the place of one of nbgrader's."""
    steps = converter.class_traits()[trait].default()  # type: ignore[attr-defined]
    if steps.count(theirs) != 1:
        raise UsageError(
            f"nbgrader's {converter.__name__} has no step {theirs.__name__}: its version is not known here"
        )
    return [ours if step is theirs else step for step in steps]


class CutSolutions(ClearSolutions):  # type: ignore[misc]
    """Leaves open holes where our solution regions were, each with the name of its task. Other cells are nbgrader's."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        """Cut one cell."""
        try:
            ours = bool(regions_of(cell.source, "cell"))
        except CatalogError:
            ours = False
        if ours:
            cell.source = make_stub(cell.source, "cell").rstrip("\n")
        if ours and self.begin_solution_delimeter not in cell.source:
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Graded:
    """A cell that checks a task, as the gradebook has it: what a student made of it does not count."""

    task: str
    points: float
    source: str


class GradeFromOutside(Execute):  # type: ignore[misc]
    """Stands where nbgrader runs a notebook. One that checks no task of ours is run as ever."""

    lesson = Unicode(help="The folder that holds exercises/, and solutions/ for hidden checks.").tag(config=True)
    public = Bool(False, help="Whether to grade by the public checks alone.").tag(config=True)
    allow_unjailed = Bool(False, help="Whether to grade where submissions are not confined.").tag(config=True)

    def __call__(self, notebook: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Also where nbgrader is to execute nothing: it would believe the outputs that were handed in.

        Raises UsageError and BrokenError. Nbgrader then says which submission is not graded, and leaves it to be graded
        by hand: what stands in our way is no zero.
        """
        graded = _graded_cells(resources["nbgrader"])
        if not graded:
            return super().__call__(notebook, resources)  # type: ignore[no-any-return]
        catalog = read_catalog(Path(self.lesson).resolve())
        (exercise,) = {catalog.task(cell.task)[0] for cell in graded.values()}
        outputs = self._outputs(exercise, notebook, graded)
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
        for grade_id, one in graded.items():
            if grade_id not in cells:  # it was deleted: what it checks may be there all the same
                cells[grade_id] = _made_anew(grade_id, one, notebook.nbformat_minor)
                notebook.cells.append(cells[grade_id])
            cells[grade_id].outputs = outputs[grade_id]
        return notebook, resources

    def _outputs(
        self, exercise: Exercise, notebook: NotebookNode, graded: Mapping[str, Graded]
    ) -> dict[str, list[NotebookNode]]:
        """What each of these cells says, last the points, where nbgrader looks for them."""
        session = self._session(exercise)
        try:
            cells = read_cells(writes(notebook).encode(), f"{exercise.name}.ipynb")
            made = module_of(cells, exercise.name, handed_out(exercise))
        except UnreadableError:
            raise
        except UsageError as error:
            return dict.fromkeys(graded, _said(0.0, *cell_writer.plain(str(error))))
        report = _judged(session, exercise, made.source.encode())
        notes = made.said
        outputs = {}
        for task in report.exercises[0].tasks:
            for grade_id in [grade_id for grade_id, one in graded.items() if one.task == task.id]:
                score = _scaled(task, graded[grade_id].points)
                words = cell_writer.text(report, task.id, notes), cell_writer.html(report, task.id, notes)
                outputs[grade_id] = _said(score, *words)
                notes = ()  # once is enough
        return outputs

    def _session(self, exercise: Exercise) -> Session:
        """That of this run, which is known by its exporter; raises UsageError where hidden checks cannot be run."""
        sessions = _sessions.setdefault(self.parent, {})
        if exercise.name not in sessions:
            session = Session(
                (exercise,),
                full=not self.public,
                allow_unjailed=self.allow_unjailed,
                unreadable=_secrets(Path(self.parent.parent.coursedir.root)),
                salt=NO_SALT if self.public else read_salt(),
            )
            sessions[exercise.name] = session
            weakref.finalize(self.parent, session.close)
        return sessions[exercise.name]


class ExportGrades(CsvExportPlugin):  # type: ignore[misc]
    """Nbgrader's table of grades, without a score where something could not be graded: nbgrader writes 0 there."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table, then take out what is no score."""
        super().export(gradebook)
        table = Path(self.to or "grades.csv")
        ungraded = tuple(
            f"{assignment.name},{assignment.duedate or ''},{submission.timestamp or ''},{submission.student.id},"
            for assignment in gradebook.assignments
            for submission in assignment.submissions
            if any(_is_ungraded(grade) for notebook in submission.notebooks for grade in notebook.grades)
        )
        lines = table.read_text().splitlines()  # in the encoding that nbgrader took
        table.write_text("".join(f"{_without_score(line) if line.startswith(ungraded) else line}\n" for line in lines))


def _is_ungraded(grade: Any) -> bool:
    """Whether a cell that is graded without a human never was."""
    by_hand = {cell.name for cell in grade.notebook.notebook.solution_cells}
    return grade.auto_score is None and grade.manual_score is None and grade.cell.name not in by_hand


def _without_score(line: str) -> str:
    before, _raw_score, penalty, _score, max_score = line.rsplit(",", 4)
    return f"{before},,{penalty},,{max_score}"


def _graded_cells(ids: Mapping[str, str]) -> dict[str, Graded]:
    """The cells of a notebook that check our tasks, by their ids; none if it is none of ours.

    Raises UsageError where nbgrader would grade others by running them: unrun, they would get full marks.
    """
    with Gradebook(ids["db_url"]) as gradebook:
        notebook = gradebook.find_notebook(ids["notebook"], ids["assignment"])
        sources = {cell.name: cell.source for cell in notebook.source_cells}
        by_hand = {cell.name for cell in notebook.solution_cells}
        points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells if cell.cell_type == "code"}
    checks = {name: CHECK.search(sources[name]) for name in points if name not in by_hand}
    graded = {name: Graded(found[1], points[name], sources[name]) for name, found in checks.items() if found}
    if graded and (others := sorted(checks.keys() - graded.keys())):
        raise UsageError(f"{ids['notebook']}: {others[0]} is graded by running it; put it into a notebook of its own")
    if len({one.task.split(".")[0] for one in graded.values()}) > 1:
        raise UsageError(f"{ids['notebook']}: checks tasks of several exercises; give each a notebook of its own")
    return graded


def _judged(session: Session, exercise: Exercise, source: bytes) -> Report:
    """The report on a submission; raises BrokenError if our own fault stands in its way, and not only by chance."""
    for _ in range(2):
        report = session.grade({exercise.name: source})
        broken = [check for check in report.checks if check.verdict is Verdict.BROKEN]
        if not broken:
            return report
    raise BrokenError(f"{broken[0].id} could not be judged, by a fault of the grader: {broken[0].message}")


def _scaled(task: TaskResult, points: float) -> float:
    """What a task has earned of the points that the gradebook has for it, where an instructor may have changed them."""
    return task.score if task.max_score == points else min(points, task.score * points / task.max_score)


def _said(score: float, text: str, html: str) -> list[NotebookNode]:
    return [
        new_output("display_data", {"text/plain": text, "text/html": html}),
        new_output("execute_result", {"text/plain": repr(score)}, execution_count=1),
    ]


def _made_anew(grade_id: str, graded: Graded, minor: int) -> NotebookNode:
    metadata = nbgrader_metadata(grade_id, grade=True, locked=True, points=graded.points)
    cell: NotebookNode = new_code_cell(graded.source, metadata=from_dict({"nbgrader": metadata}))
    if minor < WITH_IDS:
        del cell["id"]
    return cell


def _secrets(course: Path) -> list[Path]:
    """What no submission may read: the secret, the gradebook, and notebooks with the solutions or of other students."""
    notebooks = itertools.islice(course.rglob("*.ipynb"), MOST_SECRETS)
    return existing_secrets([secret_file(), course / "gradebook.db", *notebooks])
