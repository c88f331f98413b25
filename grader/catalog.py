"""The exercises on disk: what `exercise.toml` says, checked once, with every mistake named by file and key."""

import ast
import difflib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import msgspec

from grader.errors import CatalogError, UsageError
from grader.settings import convert, read_toml
from grader.worker.limits import Limits

CONFIG_NAME = "exercise.toml"
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
NO_GROUNDS = (".ipynb", ".md", ".pyc", ".svg", ".png")
EDITORS = re.compile(r"^[.#]|~$")
"""Names of what editors keep beside a file: swap files, copies, folders of their own."""
Answer = int | float | tuple[int, ...] | str


class Prediction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question to answer before a task is begun, where a number teaches; never graded."""

    question: str
    answer: Answer
    """a whole number, to be met; another one, to be met within a hundredth; a shape; one of `choices`"""
    explanation: str
    choices: tuple[str, ...] = ()


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One numbered hole of an exercise."""

    id: str
    title: str
    points: int
    hints: tuple[str, ...]
    minutes: int = 10
    needs: tuple[str, ...] = ()
    """ids of tasks or checks without which this task's checks are skipped"""
    predict: tuple[Prediction, ...] = ()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of `exercise.toml`, format 1."""

    format: Literal[1]
    title: str
    order: int
    tasks: tuple[Task, ...]
    framework: Literal["torch", "numpy"] = "torch"
    warm: tuple[str, ...] = ()
    """modules that the warm process imports before it forks workers"""
    forbidden: tuple[str, ...] = ()
    """modules that a submission must not import"""
    limits: Limits = msgspec.field(default_factory=Limits)
    learned: str = ""
    """two sentences for whoever has finished the exercise"""
    compare: str = ""
    """where students find the reference, once the author has released it"""


@dataclass(frozen=True)
class Exercise:
    """One folder of the lesson, and the folder of the same name with its solutions (which may be absent)."""

    name: str
    folder: Path
    solutions: Path
    config: Config

    @property
    def stub(self) -> Path:
        return self.folder / f"{self.name}.py"

    @property
    def notebook(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    @property
    def oracle(self) -> Path:
        return self.folder / "oracle.py"

    @property
    def probes(self) -> Path:
        return self.folder / "probes.py"

    @property
    def public_checks(self) -> Path:
        return self.folder / f"test_{self.name}.py"

    @property
    def gpu_probes(self) -> Path:
        return self.folder / "gpu_probes.py"

    @property
    def gpu_checks(self) -> Path:
        return self.folder / "gpu_checks.py"

    @property
    def hidden_gpu_checks(self) -> Path:
        return self.solutions / "gpu_checks.py"

    @property
    def reference(self) -> Path:
        return self.solutions / f"{self.name}.py"

    @property
    def predictions(self) -> Path:
        return self.solutions / "predictions.py"

    @property
    def hidden_checks(self) -> Path:
        return self.solutions / f"test_{self.name}_hidden.py"

    @property
    def max_score(self) -> int:
        return sum(task.points for task in self.config.tasks)

    def grounds(self) -> list[Path]:
        """The files of its folder that a verdict may rest on, beside the stub: no texts, and nothing of an editor's."""
        found = [path for path in self.folder.rglob("*") if path != self.stub and path.suffix not in NO_GROUNDS]
        found = [path for path in found if not self.is_for_gpu(path)]
        ours = [path for path in found if not any(map(EDITORS.search, path.relative_to(self.folder).parts))]
        return sorted(path for path in ours if path.is_file())

    def is_for_gpu(self, path: Path) -> bool:
        """Whether a file of its folders is for checks on a GPU alone, and so can move no other verdict."""
        home = self.solutions if path.is_relative_to(self.solutions) else self.folder
        first = path.relative_to(home).parts[0]
        return first == "gpu" or first.startswith("gpu_")

    def task(self, task_id: str) -> Task:
        """The task of that id; raises UsageError that offers near misses."""
        by_id = {task.id: task for task in self.config.tasks}
        return by_id[pick(task_id, list(by_id), "task")]

    def needed_by(self, task: Task) -> set[str]:
        """The ids of a task and of all that it builds on."""
        needed = {".".join(need.split(".")[:2]) for need in task.needs}
        return {task.id}.union(*(self.needed_by(self.task(need)) for need in needed))

    def calls(self) -> dict[str, str]:
        """What each probe calls, as a learner would write it: the first line of the probe's docstring."""
        tree = ast.parse(self.probes.read_text("utf-8"), str(self.probes))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
        return {function.name: (ast.get_docstring(function) or "").split("\n")[0] for function in functions}


@dataclass(frozen=True)
class Stub:
    """Where an exercise's stub lies, and its text as it was handed out: the file may have been filled since."""

    path: Path
    text: str


@dataclass(frozen=True)
class Catalog:
    """All exercises below one root, in the order of the lesson."""

    root: Path
    exercises: tuple[Exercise, ...]

    def select(self, names: tuple[str, ...]) -> tuple[Exercise, ...]:
        """The named exercises in lesson order, all of them for no name; raises UsageError with near misses."""
        known = [exercise.name for exercise in self.exercises]
        wanted = {pick(name, known, "exercise") for name in names}
        return tuple(exercise for exercise in self.exercises if not wanted or exercise.name in wanted)

    def others(self, chosen: Collection[Exercise]) -> list[str]:
        """The names of all exercises but these."""
        return [exercise.name for exercise in self.exercises if exercise not in chosen]

    def task(self, task_id: str) -> tuple[Exercise, Task]:
        """A task and its exercise; raises UsageError with near misses."""
        owners = {task.id: exercise for exercise in self.exercises for task in exercise.config.tasks}
        exercise = owners[pick(task_id, list(owners), "task")]
        return exercise, exercise.task(task_id)


def pick(name: str, known: list[str], kind: str) -> str:
    """`name` if it is known; raises UsageError that offers what was probably meant."""
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    offer = f"did you mean {' or '.join(f'`{other}`' for other in near)}?" if near else f"there are: {', '.join(known)}"
    raise UsageError(f"no {kind} is called `{name}`; {offer}")


def read_here(*, need_stubs: bool = True) -> Catalog:
    """The catalog of the lesson around the current folder; raises UsageError if there is none."""
    return read_catalog(find_root(Path.cwd()), need_stubs=need_stubs)


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `exercises/`; raises UsageError."""
    for folder in [start, *start.parents]:
        if any((folder / "exercises").glob(f"*/{CONFIG_NAME}")):
            return folder
    raise UsageError(f"{start}: no `exercises` folder here or above; run this inside the lesson's folder")


def read_catalog(root: Path, *, need_stubs: bool = True) -> Catalog:
    """All exercises below `root`; raises CatalogError for the first that breaks a rule.

    `need_stubs` is False only for the command that generates them.
    """
    configs = sorted((root / "exercises").glob(f"*/{CONFIG_NAME}"))
    exercises = [read_exercise(path.parent, root, need_stub=need_stubs) for path in configs]
    return Catalog(root, tuple(sorted(exercises, key=lambda exercise: (exercise.config.order, exercise.name))))


def read_exercise(folder: Path, root: Path, *, need_stub: bool = True) -> Exercise:
    """One exercise; raises CatalogError that names the file, the key and what was expected."""
    path = folder / CONFIG_NAME
    where = path.relative_to(root)
    data = read_toml(path, where, CatalogError)
    config = convert(data, Config, where, CatalogError)
    _check_limits(config.limits, data.get("limits", {}), where)
    exercise = Exercise(folder.name, folder, root / "solutions" / folder.name, config)
    _check_learned(config.learned, where)
    _check_tasks(exercise, where)
    required_files = [exercise.oracle, exercise.probes, exercise.public_checks]
    for required in [exercise.stub, *required_files] if need_stub else required_files:
        if not required.is_file():
            raise CatalogError(f"{required.relative_to(root)}: is missing; an exercise needs it")
    return exercise


def _check_tasks(exercise: Exercise, where: Path) -> None:
    tasks = exercise.config.tasks
    if not tasks:
        raise CatalogError(f"{where}: key `tasks`: expected at least one task")
    for number, task in enumerate(tasks, start=1):
        key = f"{where}: key `tasks[{number - 1}]"
        if task.id != f"{exercise.name}.{number}":
            raise CatalogError(f"{key}.id`: expected `{exercise.name}.{number}`, got `{task.id}`")
        if task.points < 1:
            raise CatalogError(f"{key}.points`: expected at least 1, got {task.points}")
        if len(task.hints) < 3:
            raise CatalogError(f"{key}.hints`: expected at least 3 stages, got {len(task.hints)}")
        earlier = {other.id for other in tasks[: number - 1]}  # judged before, or the need would go unnoticed
        for need in task.needs:
            if ".".join(need.split(".")[:2]) not in earlier or not re.fullmatch(r"\w+\.\d+(\.\w+)?", need):
                raise CatalogError(f"{key}.needs`: `{need}` is neither an earlier task nor a check of one")
        for place, prediction in enumerate(task.predict):
            _check_prediction(prediction, f"{key}.predict[{place}]")


def _check_prediction(prediction: Prediction, key: str) -> None:
    for name in ("question", "explanation"):
        if not getattr(prediction, name).strip():
            raise CatalogError(f"{key}.{name}`: expected a sentence, got none")
    answer, choices = prediction.answer, prediction.choices
    if len(set(choices)) < len(choices) or len(choices) == 1:
        raise CatalogError(f"{key}.choices`: expected at least two different ones, or none for a number or a shape")
    if isinstance(answer, str) or choices:
        if answer not in choices:
            raise CatalogError(f"{key}.answer`: `{answer}` is none of the `choices`")
    elif isinstance(answer, float) and not math.isfinite(answer):
        raise CatalogError(f"{key}.answer`: expected a finite number, got {answer}")
    elif answer == ():
        raise CatalogError(f"{key}.answer`: expected a number, a shape or one of the `choices`, got none")


def _check_learned(learned: str, where: Path) -> None:
    """It is what a reader takes home: longer, it would be read by nobody."""
    text = learned.strip()
    if learned and (len(SENTENCE_END.findall(text)) != 2 or text[-1] not in ".!?"):
        raise CatalogError(f"{where}: key `learned`: expected two sentences, got `{text[:60]}`")


def _check_limits(limits: Limits, given: dict[str, object], where: Path) -> None:
    known = [field.name for field in fields(Limits)]
    for name in given:
        if name not in known:
            raise CatalogError(f"{where}: key `limits.{name}`: is unknown; there are: {', '.join(known)}")
    for name in known:
        value = getattr(limits, name)
        if not 0 < value < math.inf:
            raise CatalogError(f"{where}: key `limits.{name}`: expected a number above 0, got {value}")
