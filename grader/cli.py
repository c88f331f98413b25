"""The `grader` command: parse, call one function, choose an exit status.

0 all checks pass, 1 something does not yet, 2 usage or unreadable input, 3 the grader broke.
"""

import _thread
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NoReturn

import click

import grader
from grader import equipment, errors, files, student
from grader.catalog import Catalog, Exercise, read_here
from grader.errors import GraderError, UsageError
from grader.report import Report
from grader.salt import NO_SALT, read_salt, secret_file
from grader.submission import SUFFIXES, Unpacked, existing_secrets, places_of, read_submission
from grader.typed import typed
from grader.verdict import Verdict
from grader.warm.client import ask_helper
from grader.watch.memory import keep_stubs
from grader.writers import class_summary, ctrf, gradescope, json_report, junit, prairielearn, terminal

MOST_NAMED = 20
"""Students of one kind that are named; a gradebook that fits nobody would name everybody."""
MOST_JOBS = 256
"""Processes that one warm process can serve: it waits for 1024 files at most."""
OutputFile = click.Path(dir_okay=False, allow_dash=True)


@dataclass(frozen=True)
class Form:
    """A form that a report can be written in, beside the terminal's."""

    title: str
    render: Callable[[Report], str]


@dataclass(frozen=True)
class GpuOptions:
    """How strictly checks on a GPU are graded."""

    exercises: Sequence[Exercise]
    full: bool
    allow_unjailed: bool
    submission: Path | None
    only_where_there_is_one: bool


FORMS = {
    "json": Form("JSON", json_report.render),
    "junit": Form("JUnit XML", junit.render),
    "ctrf": Form("CTRF JSON", ctrf.render),
    "gradescope": Form("Gradescope's results.json", gradescope.render),
    "prairielearn": Form("PrairieLearn's results.json", prairielearn.render),
}


def _report_options(command: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """An option for each form, named like it; the command gets the targets by these names."""
    for name, form in reversed(FORMS.items()):
        words = f"Write the report as {form.title}, - for standard output."
        command = click.option(f"--{name}", name, metavar="FILE", type=OutputFile, help=words)(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(grader.__version__, prog_name="grader")
def cli() -> None:
    """Exercises on adapting language models, graded on your own machine."""


for command in student.COMMANDS:
    cli.add_command(command)


@cli.command()
@click.argument("exercises", nargs=-1)
@click.option("--submission", type=click.Path(path_type=Path), help="Grade this file, notebook, folder or zip instead.")
@click.option("--full", is_flag=True, help="Also run the hidden checks (needs solutions/).")
@click.option("--allow-unjailed", is_flag=True, help="Grade with --full even where submissions are not confined.")
@click.option("--cold", is_flag=True, envvar="GRADER_COLD", help="Leave no process behind that speeds up the next run.")
@click.option(
    "--gpu",
    type=click.Choice(["auto", "on", "off"]),
    default="off",
    show_default=True,
    help="Also run the checks that need a GPU, for bonus points: where there is one, or in any case.",
)
@_report_options
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the generated cases.")
def check(
    exercises: tuple[str, ...],
    submission: Path | None,
    full: bool,
    allow_unjailed: bool,
    cold: bool,
    gpu: str,
    seed: int,
    **targets: str | None,
) -> NoReturn:
    """Grade the working tree's exercises, all of them or those named."""
    printed = [f"--{name} -" for name, target in targets.items() if target == "-"]
    if len(printed) > 1:
        raise UsageError(f"{' and '.join(printed)}: standard output holds one report; write the other to a file")
    catalog = read_here()
    chosen = catalog.select(exercises)
    handed_in = _read(submission, catalog, chosen)
    for note in (*handed_in.accounts, *handed_in.notes):
        click.echo(f"note: {note}", err=True)
    names = [exercise.name for exercise in chosen]
    own_work = submission is None and not full
    graded = ask_helper(catalog, names, handed_in.sources, seed, os.environ) if own_work and not cold else None
    if graded:
        report = graded.report
        _tell_notice(graded.notice)
    else:
        salt = read_salt() if full else NO_SALT
        from grader.grade import Session  # pytest and hypothesis: whoever mistyped a name need not wait for them

        with Session(
            chosen, full=full, allow_unjailed=allow_unjailed, unreadable=_secrets(submission), salt=salt
        ) as session:
            _tell_notice(session.notice)
            report = session.grade(handed_in.sources, seed)
    if gpu != "off":
        options = GpuOptions(chosen, full, allow_unjailed, submission, only_where_there_is_one=gpu == "auto")
        try:
            report = _with_gpu_checks(report, handed_in.sources, options)
        except (GraderError, OSError) as error:  # the report is finished: a bonus must not cost it
            click.echo(f"grader: checks on a GPU were left out: {error}", err=True)
    followed = None
    if submission is None:
        followed = student.follow(catalog, report)
        keep_stubs(catalog)
    if not printed:
        commands = _commands(catalog, submission, full, seed)
        if followed:
            commands = replace(commands, hint=followed.hint, predict=followed.predict)
        click.echo(terminal.render(report, commands), nl=False, color=_color())
        click.echo(followed.finished if followed else "", nl=False)
    for name, target in targets.items():
        if target is not None:
            _write(target, FORMS[name].render(report))
    status = _exit_status(report)
    if status == errors.EXIT_BROKEN and (lacking := equipment.lacking()):
        click.echo(f"grader: {lacking}", err=True)
    sys.exit(status)


@cli.command()
@click.argument("exercises", nargs=-1)
def watch(exercises: tuple[str, ...]) -> None:
    """Grade at every save, and show the task at hand; all exercises, or those named."""
    catalog = read_here()
    chosen = catalog.select(exercises)
    if sys.platform == "win32":
        raise UsageError("watching needs a terminal of Linux or macOS; on Windows, run it in WSL")
    from grader.watch.command import watch as watch_exercises

    secrets = [path for path in [secret_file()] if path]
    commands = _commands(catalog, None, False, 0)
    watch_exercises(catalog, chosen, commands, secrets, color=not os.environ.get("NO_COLOR"))


@cli.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="The folder of results."
)
@click.option("--exercise", "exercises", multiple=True, help="Grade this exercise only; may be repeated.")
@click.option("--public", is_flag=True, help="Run the public checks only.")
@click.option(
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    default=None,
    help="Processes that judge at a time; by default the cores.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the generated cases.")
@click.option("--format", "form", metavar="NAME", help="What SUBMISSIONS is, if it is not recognised.")
@click.option("--roster", type=click.Path(path_type=Path), help="A CSV with names, ids and e-mails.")
@click.option("--policy", type=click.Path(path_type=Path), help="A TOML file: deadline, penalties, dropped tasks.")
@click.option("--store", default="", metavar="URL", help="A database for verdicts; by default a file in the results.")
@click.option("--dask", default="", metavar="ADDRESS", help="Judge on the workers of this Dask cluster.")
@click.option("--allow-unjailed", is_flag=True, help="Grade even where submissions are not confined.")
def batch(
    submissions: Path,
    out: Path,
    exercises: tuple[str, ...],
    public: bool,
    jobs: int | None,
    seed: int,
    form: str | None,
    roster: Path | None,
    policy: Path | None,
    store: str,
    dask: str,
    allow_unjailed: bool,
) -> NoReturn:
    """Grade a whole class: what an LMS hands out, into a folder of results."""
    if dask and jobs:
        raise UsageError("--jobs and --dask: the cluster says how many judge at a time; leave out --jobs")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads would be in the way of forking
    with _needs_extra("batch"):
        from grader.batch.command import Options, grade_class

    options = Options(
        submissions,
        out,
        exercises,
        not public,
        jobs or min(_cores(), MOST_JOBS),
        seed,
        form,
        roster,
        policy,
        store,
        dask,
        allow_unjailed,
    )
    try:
        summary = grade_class(read_here(), options, lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        click.echo("\nstopped; what was judged is kept: the same command goes on from there", err=True)
        raise
    click.echo(class_summary.render(summary.results, judged=summary.judged))
    click.echo(f"\nopen {out / 'index.html'}; grades are in {out / 'grades.csv'}")
    if summary.changed:
        click.echo(f"They are others than in the last run: grader diff {out / 'previous.json'} {out / 'results.json'}")
    sys.exit(errors.EXIT_BROKEN if summary.broken else errors.EXIT_OK)


@cli.command()
@click.argument("exercises", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(".grader/audit"), show_default=True, help="The findings."
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Seeds for right answers.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes at a time; by default the cores.")
@click.option("--mutants/--no-mutants", default=True, help="Whether to make mistakes by machine, too.")
@click.option("--tables", type=click.Path(path_type=Path), help="Also write the tables of a document, in Markdown.")
@click.option("--changed", is_flag=True, help="Leave out what --tables tells of as it is, with nothing to fix.")
def audit(
    exercises: tuple[str, ...],
    out: Path,
    seeds: int,
    jobs: int | None,
    mutants: bool,
    tables: Path | None,
    changed: bool,
) -> NoReturn:
    """Grade the checks of exercises: do they catch what is wrong, and nothing else? (needs solutions/)

    Exit status 0: nothing to fix, 1: something is.
    """
    if changed and not tables:
        raise UsageError("--changed: changed since when? Name the document with --tables")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads would be in the way of forking
    with _needs_extra("audit"):
        from grader.audit.command import Options, audit_exercises
    from grader.writers import audit_summary

    options = Options(exercises, out, seeds, jobs or _cores(), mutants, tables, changed)
    found = audit_exercises(read_here(), options, lambda line: click.echo(line, err=True))
    if not found.exercises:
        click.echo(f"Nothing to audit: {tables} tells of every exercise as it is.")
        sys.exit(errors.EXIT_OK)
    click.echo(audit_summary.render(found), nl=False, color=_color())
    click.echo(f"\nopen {out / 'index.html'}")
    sys.exit(errors.EXIT_OK if found.is_clean else errors.EXIT_NOT_YET)


@cli.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--all", "show_all", is_flag=True, help="Show every student whose grade moves.")
def show_difference(old: Path, new: Path, show_all: bool) -> NoReturn:
    """Whose grade moves between two batches, by which check and why.

    OLD and NEW are folders of results, or their results.json. Exit status 0: none moves, 1: some do.
    """
    from grader import diff

    found = diff.compare(diff.read_results(old), diff.read_results(new))
    click.echo(diff.render(found, None) if show_all else diff.render(found), nl=False)
    sys.exit(errors.EXIT_NOT_YET if found.moves else errors.EXIT_OK)


@cli.command()
@click.argument("name", metavar="LMS")
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--template", type=click.Path(path_type=Path), help="The file that the LMS exports, to be filled.")
@click.option("--column", default="", help="The title or number of the column to fill.")
@click.option("--decimal", type=click.Choice([".", ","]), default=".", show_default=True, help="The decimal separator.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
def gradebook(name: str, results: Path, template: Path | None, column: str, decimal: str, out: Path) -> None:
    """Write the grades of a batch in the form that an LMS imports."""
    from grader.diff import read_results
    from grader.writers import gradebooks

    try:
        exported = template.read_bytes() if template else None
    except OSError as error:
        raise UsageError(f"--template {template}: cannot be read ({error.strerror})") from None
    class_results = read_results(results)
    try:
        written = gradebooks.write(name, class_results, exported, column=column, decimal=decimal)
    except UsageError as error:
        raise UsageError(f"{template}: {error}" if template else str(error)) from None
    try:
        files.replace(out, written.content)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror})") from None
    grades = f"{written.filled} grade{'s' * (written.filled != 1)}"
    click.echo(f"{out}: {grades} filled in, {len(written.left_out)} left out", err=True)
    _name_some([f"{student}: {why}" for student, why in written.left_out])
    if written.changed:
        click.echo(
            f"of them, {len(written.changed)} replace{'s' * (len(written.changed) == 1)} another grade:", err=True
        )
        _name_some([f"{student}: {before} -> {now}" for student, before, now in written.changed])
    if written.without:
        one = len(written.without) == 1
        what = "has no result and stays as it is" if one else "have no result and stay as they are"
        click.echo(f"of the template, {len(written.without)} {what}:", err=True)
        _name_some(written.without)
    for note in written.notes:
        click.echo(f"note: {note}", err=True)


def _name_some(lines: Sequence[str]) -> None:
    for line in lines[:MOST_NAMED]:
        click.echo(f"  {line}", err=True)
    if len(lines) > MOST_NAMED:
        click.echo(f"  and {len(lines) - MOST_NAMED} more", err=True)


def _name_left_out(paths: Sequence[Path]) -> None:
    if paths:
        click.echo("left out, for no exercise is made of such files:", err=True)
        _name_some([str(path) for path in paths])


@cli.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail if a stub is not fresh.")
def stubs(only_check: bool) -> None:
    """Generate the stubs that students edit from the references in solutions/."""
    from grader.authoring.stubs import is_stale, stub_of

    catalog = read_here(need_stubs=False)
    stale = [exercise for exercise in catalog.exercises if is_stale(exercise)]
    for exercise in stale:
        if not only_check:
            exercise.stub.write_text(stub_of(exercise.reference), "utf-8")
        click.echo(f"{exercise.stub.relative_to(catalog.root)}: {'stale' if only_check else 'written'}")
    if stale and only_check:
        raise UsageError("some stubs are not what their references say; run `grader stubs`")


@cli.command("notebooks")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail if a notebook is not fresh.")
def write_notebooks(only_check: bool) -> None:
    """Generate the notebook of each exercise: its README, its stub as cells, a check below each task."""
    from grader.authoring.notebooks import is_stale, make_notebook

    catalog = read_here()
    stale = [exercise for exercise in catalog.exercises if is_stale(exercise)]
    for exercise in stale:
        if not only_check:
            exercise.notebook.write_text(make_notebook(exercise), "utf-8")
        click.echo(f"{exercise.notebook.relative_to(catalog.root)}: {'stale' if only_check else 'written'}")
    if stale and only_check:
        raise UsageError("some notebooks are not what their exercises say; run `grader notebooks`")


@cli.command()
@click.argument("exercises", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), default=Path("student.zip"), show_default=True, help="The zip.")
def release(exercises: tuple[str, ...], out: Path) -> None:
    """Write what students receive: the lesson, or the named exercises, without solutions/."""
    from grader.authoring.release import write_release

    catalog = read_here()
    packing = write_release(catalog, catalog.select(exercises), out)
    click.echo(f"{out}: {len(packing.files)} files, nothing of solutions/ among them")
    _name_left_out(packing.left_out)


@cli.command("gradescope")
@click.argument("exercises", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("autograder.zip"), show_default=True, help="The zip."
)
@click.option("--minutes", type=click.FloatRange(1), default=10, show_default=True, help="The limit set on Gradescope.")
@click.option("--vendor", is_flag=True, help="Put all packages into the zip: its set-up needs no network then.")
def write_gradescope(exercises: tuple[str, ...], out: Path, minutes: float, vendor: bool) -> None:
    """Write the autograder that Gradescope runs, for all exercises or those named (needs solutions/)."""
    from grader.authoring.autograder import write_autograder

    catalog = read_here()
    packing = write_autograder(catalog, catalog.select(exercises), out, minutes=minutes, vendor=vendor)
    click.echo(f"{out}: upload it as the autograder; it holds the solutions, so keep it to yourself")
    _name_left_out(packing.left_out)


@cli.command("nbgrader")
@click.argument("course", type=click.Path(path_type=Path, file_okay=False))
@click.argument("exercises", nargs=-1)
@click.option(
    "--assignment", default="", metavar="NAME", help="One assignment of this name; by default one per exercise."
)
@click.option("--force", is_flag=True, help="Replace what is in the course already.")
def write_nbgrader(course: Path, exercises: tuple[str, ...], assignment: str, force: bool) -> None:
    """Write source notebooks and the configuration of a course for nbgrader (needs solutions/)."""
    from grader.authoring.course import write_course

    catalog = read_here()
    written = write_course(catalog, catalog.select(exercises), course, assignment, force=force)
    click.echo(f"{course}: {len(written)} files written; its source/ holds solutions, so keep that to yourself")


def main() -> NoReturn:
    """Run the command; every way to end is an exit status of the contract."""
    sys.unraisablehook = _pass_on_interrupts
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(errors.EXIT_USAGE)
    except click.Abort:
        sys.exit(130)
    except GraderError as error:
        click.echo(f"grader: {error}", err=True)
        sys.exit(error.exit_status)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (lacking := equipment.lacking()):
            click.echo(f"grader: {lacking}", err=True)
            sys.exit(errors.EXIT_USAGE)
        traceback.print_exc()
        click.echo("grader: this is a fault of the grader, not of your code; please report it", err=True)
        sys.exit(errors.EXIT_BROKEN)
    sys.exit(errors.EXIT_OK)


def _pass_on_interrupts(lost: "sys.UnraisableHookArgs") -> None:
    """Ctrl-C may be raised in what the garbage collector calls, where it ends: raise it again behind that."""
    if isinstance(lost.exc_value, KeyboardInterrupt) and sys.platform != "win32":
        # By another thread: here and now, it would end with this function.
        _thread.start_new_thread(signal.pthread_kill, (_thread.get_ident(), signal.SIGINT))
    else:
        sys.__unraisablehook__(lost)


@contextlib.contextmanager
def _needs_extra(extra: str) -> Iterator[None]:
    """Name the extra that holds a package, where that is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package == "grader":
            raise
        raise UsageError(f"this needs the package `{package}`: `pip install 'finetune-grader[{extra}]'`") from None


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(submission: Path | None, catalog: Catalog, chosen: Sequence[Exercise]) -> Unpacked:
    """What is to be graded: the working tree's stubs as they were filled, or what was handed in."""
    names, others = [exercise.name for exercise in chosen], catalog.others(chosen)
    if submission is None:
        return read_submission(catalog.root / "exercises", names, others)
    from grader.authoring.stubs import stubs_of

    if submission.suffix.lower() == ".zip":
        from grader.intake import read_hand_in
        from grader.intake.wanted import Wanted

        return read_hand_in(submission, Wanted(names, others, stubs_of(chosen)))
    return read_submission(submission, names, others, stubs=stubs_of(chosen))


def _with_gpu_checks(report: Report, sources: Mapping[str, bytes], options: GpuOptions) -> Report:
    """The report with checks on a GPU; as it was where there is none and nobody insists."""
    from grader.gpu import presence
    from grader.gpu.grading import Means, Wanted, has_checks, with_gpu_checks

    exercises = [exercise for exercise in options.exercises if has_checks(exercise)]
    if not exercises:
        return report
    found = presence.find(os.environ)
    if options.only_where_there_is_one and isinstance(found, str):
        return report
    wanted = Wanted(
        exercises,
        sources,
        report.seed,
        options.full,
        read_salt() if options.full else NO_SALT,
        options.allow_unjailed,
        tuple(_secrets(options.submission)),
    )
    means = found if isinstance(found, str) else Means.of(found, os.environ.get("LD_LIBRARY_PATH", ""))
    return with_gpu_checks(report, wanted, means, lambda line: click.echo(line, err=True))


def _secrets(submission: Path | None) -> list[Path]:
    """What a submission must not read, besides the exercises' own files: itself, too, comes by another way."""
    handed_in = [submission] if submission else []
    if submission and submission.is_dir():
        files = [*sorted(submission.glob("*.*")), *sorted(submission.glob("*/*.*"))]
        handed_in += [file for file in files if file.suffix in SUFFIXES]
    return existing_secrets([secret_file(), *handed_in])


def _commands(catalog: Catalog, submission: Path | None, full: bool, seed: int) -> terminal.Commands:
    folder = submission or Path(os.path.relpath(catalog.root / "exercises"))

    def file(name: str) -> str:
        places = [folder, *places_of(folder, name)]
        return str(next((place for place in places if place.is_file()), folder / name / f"{name}.py"))

    given = {f"--submission {submission}": submission, "--full": full, f"--seed {seed}": seed}
    options = " ".join(option for option, wanted in given.items() if wanted)
    return terminal.Commands(
        lambda name: typed("check", exercise=name, options=options), lambda task: typed("hint", task=task), file
    )


def _tell_notice(notice: str) -> None:
    if notice:
        click.echo(notice, err=True)


def _write(target: str, text: str) -> None:
    try:
        stream: IO[str]
        with click.open_file(target, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror})") from None


def _color() -> bool | None:
    """Click strips colour where the output is no terminal; NO_COLOR asks for that everywhere."""
    return False if os.environ.get("NO_COLOR") else None


def _exit_status(report: Report) -> int:
    verdicts = {check.verdict for check in report.checks}
    if Verdict.BROKEN in verdicts:
        return errors.EXIT_BROKEN
    return errors.EXIT_OK if verdicts <= {Verdict.PASS} else errors.EXIT_NOT_YET
