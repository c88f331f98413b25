"""Documents show what the command really says: the parts between markers are generated (`make goldens`)."""

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from grader import policy, progress
from grader.audit.examine import audited_digest
from grader.authoring.answers import read_answers
from grader.catalog import Exercise, read_catalog
from grader.cli import cli
from grader.grade import DEFAULT_SEED, Session
from grader.watch.board import Board, judged_as
from grader.watch.screen import Size, render
from grader.writers.audit_tables import CLEAN, mark
from grader.writers.terminal import Commands

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
DOCS = REPOSITORY / "docs"
STUDENT, INSTRUCTOR, LMS, AUTHOR = (DOCS / f"{reader}.md" for reader in ("student", "instructor", "lms", "author"))
DIAGNOSIS = DOCS / "diagnosis.md"
MISTAKE = "lora/wrong/scale_alpha_only.py"
WATCHED_MISTAKE = "lora/wrong/count_frozen_as_all.py"


def run(*arguments: str, folder: Path = REPOSITORY, **variables: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "COLUMNS": "80"} | variables
    command = [sys.executable, "-m", "grader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def untouched_stubs(folder: Path) -> str:
    """In a lesson that nobody has worked on: what is offered depends on what is known of the student."""
    shutil.copytree(REPOSITORY / "exercises", folder / "exercises")
    return "$ make check\n" + run("check", folder=folder, GRADER_VIA="make")


def list_of_some(folder: Path) -> str:
    """In the same lesson, the first tasks of which are done."""
    shutil.copytree(REPOSITORY / "exercises", folder / "exercises")
    catalog = read_catalog(folder)
    with progress.changing(folder, pytest.fail) as kept:
        for task in catalog.exercises[0].config.tasks[:2]:
            kept.tasks[task.id] = progress.TaskProgress(float(task.points), done=True)
        kept.scores[catalog.exercises[0].name] = sum(task.points for task in kept.tasks.values())
    return "$ make list\n" + run("list", folder=folder, GRADER_VIA="make", PYTHONIOENCODING="utf-8")


def failing_check(folder: Path) -> str:
    """The first failing check of a believable mistake."""
    mistake = (REPOSITORY / "solutions" / MISTAKE).read_text()
    (folder / "lora.py").write_text((REPOSITORY / "solutions/lora/lora.py").read_text() + "\n\n" + mistake)
    report = run("check", "lora", "--submission", str(folder))
    first = re.search(r"^    x .*?(?=\n\n)", report, re.S | re.M)
    assert first is not None, report
    return first[0] + "\n"


def watched(_: Path) -> str:
    """The screen of `make watch` after a save with a mistake in the fourth task."""
    (exercise,) = read_catalog(REPOSITORY).select(("lora",))
    source = exercise.reference.read_bytes() + b"\n\n" + (REPOSITORY / "solutions" / WATCHED_MISTAKE).read_bytes()
    with Session((exercise,)) as session:
        ids = {collected.check.id for collected in session.checks}
        judged = session.judge(exercise.name, source, DEFAULT_SEED, ids, {}).judged.values()
    results = {exercise.name: judged_as(exercise, judged)}
    status = "14:03:22 checked 1 in 0.2 s, 33 cannot have changed"
    board = Board((exercise,), {exercise.name: "lora.py"}, results, current="lora.4", status=status)
    lines, _ = render(board, Size(80, 40), Commands(str, str, str))
    return click.unstyle("\n".join(["$ make watch EX=lora", *lines])) + "\n"


def help_of_check(_: Path) -> str:
    return "$ grader check --help\n" + run("check", "--help")


def keys_of_policy(_: Path) -> str:
    """The example in the module's docstring, which its own tests read."""
    text = inspect.getdoc(policy) or ""
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    ")) + "\n"


def report_as_json(folder: Path) -> str:
    """The shape of a report, with one of its checks."""
    lesson = shutil.copytree(REPOSITORY / "tests/lessons/vectors", folder / "lesson")
    wrong = (lesson / "solutions/vectors/vectors.py").read_text().replace("x * factor", "x + factor")
    (lesson / "exercises/vectors/vectors.py").write_text(wrong)
    report = json.loads(run("check", "--json", "-", "--seed", "7", folder=lesson))
    exercise = report["exercises"][0]
    exercise["tasks"], exercise["checks"] = exercise["tasks"][:1], exercise["checks"][:1]
    exercise["checks"][0]["duration_s"] = 0.03
    report["isolation"] = "full"  # whatever this machine offers
    return json.dumps(report, indent=2)


BLOCKS: dict[tuple[Path, str], Callable[[Path], str]] = {
    (README, "make check"): untouched_stubs,
    (README, "make list"): list_of_some,
    (README, "failing check"): failing_check,
    (README, "watch"): watched,
    (STUDENT, "failing check"): failing_check,
    (INSTRUCTOR, "grader check --help"): help_of_check,
    (INSTRUCTOR, "policy"): keys_of_policy,
    (LMS, "json report"): report_as_json,
}


@pytest.mark.parametrize(("document", "name"), BLOCKS, ids=lambda value: getattr(value, "stem", value))
def test_document_shows_real_output(document: Path, name: str, tmp_path: Path, golden):
    text = document.read_text("utf-8")
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    block = "".join(f"    {line}".rstrip() + "\n" for line in BLOCKS[document, name](tmp_path).splitlines())
    golden(document, f"{before}{begin}\n{block}\n{end}{after}")


def test_readme_names_every_exercise():
    for folder in (REPOSITORY / "exercises").iterdir():
        if folder.is_dir():
            assert f"(exercises/{folder.name}/README.md)" in README.read_text()


def targets_in(document: Path) -> set[str]:
    return set(re.findall(r"(?:^    |`)make ([a-z]+)", document.read_text(), re.M))


def test_documents_name_targets_that_exist():
    students, everybody = (
        set(re.findall(r"^([a-z]+):", "".join((REPOSITORY / name).read_text() for name in names), re.M))
        for names in (["Makefile"], ["Makefile", "development.mk"])
    )
    for document in (
        README,
        INSTRUCTOR,
        LMS,
        AUTHOR,
        REPOSITORY / "CONTRIBUTING.md",
        REPOSITORY / "solutions/README.md",
    ):
        assert targets_in(document) <= everybody, document
    assert targets_in(STUDENT) <= students


def test_commands_of_the_readme_exist():
    """Every command that a document tells people to type is one, with its options."""
    commands = cli.commands
    for document in (README, *DOCS.glob("*.md"), REPOSITORY / "SECURITY.md", REPOSITORY / "CONTRIBUTING.md"):
        for name, rest in re.findall(r"(?:^    |`)grader ([a-z]+)(.*?)(?:`|$)", document.read_text(), re.M):
            assert name in commands, f"{document.name}: grader {name}"
            known = {option for parameter in commands[name].params for option in parameter.opts}
            assert set(re.findall(r"--[a-z-]+", rest)) <= known | {"--help"}, f"{document.name}: grader {name}{rest}"


@pytest.mark.parametrize("document", [INSTRUCTOR, LMS, AUTHOR], ids=lambda path: path.stem)
def test_commands_of_the_document_run(document: Path, lesson):
    """One after the other, as they stand there, on another lesson."""
    for name in ("LICENSE", "Makefile", "constraints.txt", "pyproject.toml", ".gitignore", "docs/student.md"):
        (lesson.root / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, lesson.root / name)
    reference = (lesson.root / "solutions/vectors/vectors.py").read_text()
    lesson.hand_in(reference)
    with zipfile.ZipFile(lesson.root / "submissions.zip", "w") as archive:
        archive.writestr("doe/vectors.py", reference)
    columns = "Student,ID,SIS User ID,SIS Login ID,Section,LoRA (7)"
    (lesson.root / "export.csv").write_text(f"{columns}\nPoints Possible,,,,,6\nDoe,1,,doe,A,\n")
    commands = re.findall(r"^    grader (.+)$", document.read_text(), re.M)
    assert commands
    for command in commands:
        if command.startswith("diff"):  # there is a previous run after the second one
            shutil.copy(lesson.root / "results/results.json", lesson.root / "results/previous.json")
        ran = lesson.run(*shlex.split(command.replace("lora", "vectors")))
        assert ran.status == 0, f"grader {command}: {ran.out}{ran.talk}"


def test_links_between_documents_lead_somewhere():
    for document in (README, REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "SECURITY.md", *DOCS.glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_diagnosis_lists_every_wrong_answer():
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \| (?:yes|no|\*\*false\*\*) \|", DIAGNOSIS.read_text("utf-8"), re.M)
    answers = [answer for exercise in read_catalog(REPOSITORY).exercises for answer in read_answers(exercise, "wrong")]
    here = [(answer.path.stem, answer.headline.replace("|", "\\|")) for answer in answers]
    assert listed == here, "run `make diagnosis`"


def test_diagnosis_keeps_its_promises():
    """At least 70 % are named, none falsely; at least 35 % look like something without any wrong answers."""
    rows = re.findall(
        r"^\| \w+ \| \d+ \| (\d+) of (\d+) .*? \| (\d+) \| (\d+) of (\d+) ", DIAGNOSIS.read_text("utf-8"), re.M
    )
    assert len(rows) == len(read_catalog(REPOSITORY).exercises)
    named, by_value, false, looks, public = (sum(map(int, column)) for column in zip(*rows, strict=True))
    assert named >= 0.7 * by_value
    assert false == 0
    assert looks >= 0.35 * public


@pytest.mark.parametrize("exercise", read_catalog(REPOSITORY).exercises, ids=lambda exercise: exercise.name)
def test_exercise_was_audited_as_it_is_and_nothing_is_left_to_fix(exercise: Exercise):
    """Not audited anew, which takes minutes: the tables name the digest of what they were made of."""
    chapters = (REPOSITORY / "docs/audit.md").read_text("utf-8").split("\n## ")
    head = f"{exercise.name}\n{mark(exercise.name, audited_digest(exercise))}\n"
    mine = [chapter for chapter in chapters if chapter.startswith(head)]
    assert len(mine) == 1, "run `make audit` and read the diff"
    assert CLEAN in mine[0]
