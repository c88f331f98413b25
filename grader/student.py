"""The commands of a student beside `check`: where they stand, hints, questions before a task, what is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from grader import equipment, predict, progress
from grader.catalog import Catalog, Exercise, Prediction, Task, find_root, read_here
from grader.errors import EXIT_NOT_YET, EXIT_OK, UsageError
from grader.progress import Predicted, Progress
from grader.report import Report
from grader.salt import NO_SALT, read_salt
from grader.standing import finished, hint_offer, standing_of
from grader.typed import typed
from grader.writers import standing as writer
from grader.writers.terminal import wrap

MOST_CHARS = 200
"""of an answer that is kept"""


@dataclass(frozen=True)
class Followed:
    """What a check of one's own work is followed by, beside its verdicts."""

    hint: Callable[[str], str]
    predict: Callable[[str], str]
    finished: str
    """what was learned, where that is news; empty for nothing"""


def follow(catalog: Catalog, report: Report) -> Followed:
    """Enter a report into the progress; a hint is offered for what keeps failing, and never told unasked."""
    with progress.changing(catalog.root, _tell) as kept:
        before = finished(catalog.exercises, kept)
        progress.note(kept, report)
        news = finished(catalog.exercises, kept) - before
    told = [exercise for exercise in catalog.exercises if exercise.name in news]

    def hint(task_id: str) -> str:
        command = typed("hint", task=task_id)
        return hint_offer(catalog.task(task_id)[1], kept, report, command) or command

    def question(task_id: str) -> str:
        task = catalog.task(task_id)[1]
        return f"{typed('predict', task=task_id)} (never graded)" if _open_questions(task, kept) else ""

    return Followed(hint, question, writer.finished(told, reference_of))


@click.command("list")
@click.argument("exercises", nargs=-1)
def list_exercises(exercises: tuple[str, ...]) -> None:
    """Where you stand: all exercises, or the tasks of those named."""
    catalog = read_here()
    kept = progress.read(catalog.root, _tell)
    bars = writer.bars_for(sys.stdout.encoding)
    standings = [standing_of(exercise, kept) for exercise in catalog.select(exercises)]
    if not exercises:
        click.echo(writer.overview(standings, bars), nl=False)
        return
    texts = [writer.details(standing, bars, reference_of(standing.exercise)) for standing in standings]
    click.echo("\n".join(texts), nl=False)


@click.command()
@click.argument("task_id", metavar="TASK")
def hint(task_id: str) -> None:
    """The next hint of a task; asking again gives a stronger one."""
    catalog = read_here()
    _, task = catalog.task(task_id)
    seen = progress.next_hint(catalog.root, task.id, len(task.hints), _tell)
    click.echo(f"{task.id} {task.title}, hint {seen + 1} of {len(task.hints)}:\n")
    click.echo(click.wrap_text(task.hints[seen], 78, "  ", "  "))
    if seen + 1 < len(task.hints):
        click.echo("\nAsk again for the next one.", err=True)


@click.command("predict", context_settings={"ignore_unknown_options": True})  # -1 is an answer
@click.argument("task_id", metavar="TASK")
@click.argument("answer", nargs=-1)
def ask(task_id: str, answer: tuple[str, ...]) -> None:
    """A question to answer before you begin a task. Each is asked once, and never graded."""
    catalog = read_here()
    _, task = catalog.task(task_id)
    if not task.predict:
        others = [other.id for exercise in catalog.exercises for other in exercise.config.tasks if other.predict]
        there = f"there are some before {', '.join(others)}" if others else "this lesson has none"
        raise UsageError(f"no question is asked before {task.id}; {there}")
    known = progress.read(catalog.root, _tell)
    waiting = _open_questions(task, known)
    if not waiting:
        _show_again(task, known)
        return
    prediction = waiting[0]
    number = task.predict.index(prediction) + 1
    click.echo(f"{task.id} {task.title}, question {number} of {len(task.predict)}:\n")
    _paragraph(prediction.question)
    for letter, choice in zip(predict.letters(prediction), prediction.choices, strict=True):
        click.echo(f"    {letter}  {choice}")
    given, right = _answer(task, prediction, " ".join(answer))
    with progress.changing(catalog.root, _tell) as kept:
        kept.predictions.setdefault(task.id, []).append(Predicted(prediction.question, given[:MOST_CHARS], right))
    click.echo()
    _tell_answer(prediction, given, right)
    if len(waiting) > 1:
        click.echo(f"\nThe next question: {typed('predict', task=task.id)}", err=True)


@click.command()
def doctor() -> NoReturn:
    """What is missing here, what confines submissions, and whether official grading is safe."""
    from grader.doctor import examine, is_safe, render  # a worker and numpy: nobody else waits for them

    try:
        lesson = find_root(Path.cwd())
    except UsageError:
        lesson, private = equipment.HOME, []
    else:  # what must be hidden of the lesson around us
        private = [path for side in ("exercises", "solutions") for path in sorted(lesson.glob(f"{side}/*/*.py"))]
    needed = equipment.packages(lesson)
    facts = examine(private, salted=read_salt() != NO_SALT, equipment=equipment.items(needed, lesson))
    click.echo(render(facts), nl=False)
    complete = not any(package.is_missing for package in needed)
    sys.exit(EXIT_OK if complete and is_safe(facts) else EXIT_NOT_YET)


COMMANDS: tuple[click.Command, ...] = (list_exercises, hint, ask, doctor)


def _open_questions(task: Task, kept: Progress) -> list[Prediction]:
    """Those of a task that were not answered yet; one that was reworded is another one."""
    answered = {predicted.question for predicted in kept.predictions.get(task.id, [])}
    return [prediction for prediction in task.predict if prediction.question not in answered]


def _answer(task: Task, prediction: Prediction, given: str) -> tuple[str, bool]:
    """What was answered, and whether that is right; raises UsageError where nobody can be asked."""
    if given:
        return given, predict.is_right(prediction, given)
    if not sys.stdin.isatty():
        again = typed("predict", task=task.id, answer="...")
        raise UsageError(f"there is no terminal to ask at; give the answer with the command: `{again}`")
    while True:
        given = click.prompt("\nYour prediction", err=True, prompt_suffix=": ")
        try:
            return given, predict.is_right(prediction, given)
        except UsageError as error:
            click.echo(str(error), err=True)


def _show_again(task: Task, kept: Progress) -> None:
    answers = {predicted.question: predicted for predicted in kept.predictions[task.id]}
    click.echo(f"{task.id} {task.title}: you have answered all of it.")
    for prediction in task.predict:
        click.echo()
        _paragraph(prediction.question)
        answered = answers[prediction.question]
        click.echo()
        _tell_answer(prediction, answered.answer, answered.right)


def _tell_answer(prediction: Prediction, given: str, right: bool) -> None:
    answer = predict.shown(prediction.answer)
    _paragraph(f"Right: {answer}." if right else f"It is {answer}; you said {predict.plain(given)}.")
    click.echo()
    _paragraph(prediction.explanation)


def _paragraph(text: str) -> None:
    click.echo("\n".join(wrap(" ".join(text.split()), "  ", "  ")))


def reference_of(exercise: Exercise) -> str:
    """Where the reference is to be had; empty for nowhere."""
    return exercise.config.compare or (_short(exercise.reference) if exercise.reference.is_file() else "")


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _tell(line: str) -> None:
    click.echo(f"grader: {line}", err=True)
