"""What students receive: the lesson and nothing of its solutions, byte for byte the same from run to run."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.authoring.answers import read_answers
from grader.authoring.stubs import regions_of
from grader.catalog import read_catalog

REPOSITORY = Path(__file__).parents[1]
FROM_ROOT = [".gitignore", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml", "docs/student.md"]
EXERCISE = "exercises/vectors"
PLANTED = {
    "the solution of vectors.2": (
        'if not len(x):\n\n\t# as agreed\n\traise ValueError("the mean of nothing")\n'
        "return float(\n\tx.sum() / len(x))\n"
    ),
    "a hidden check of vectors": "# negative   numbers count\n",
    "solutions/vectors/wrong/one_more.py": "# Divides by n + 1\n# instead of n.\n",
}
"""Whose text -> how it may stand in another file: indented, broken or strewn with comments in another way."""
CODE = {
    "a hidden check of vectors": (
        '\tx = -abs(inputs.array("x", 6))\n\tclose(student.ask("mean", x=x)["mean"],\n'
        '\t\treference.ask("mean", x=x)["mean"], rtol=1e-12)\n'
    ),
    "solutions/vectors/wrong/one_more.py": "def mean(x):\n\n    # why not\n    return x.sum() / (len(x) + 1)\n",
}


@pytest.fixture
def whole(lesson):
    """The fixture lesson in a checkout, with a wrong answer."""
    (lesson.root / "docs").mkdir()
    for name in FROM_ROOT:
        (lesson.root / name).write_bytes((REPOSITORY / name).read_bytes())
    answer = lesson.root / "solutions/vectors/wrong/one_more.py"
    answer.parent.mkdir()
    answer.write_text(
        "# Divides by n + 1 instead of n.\n# fails: vectors.2.value\n\n\n"
        "def mean(x):\n    return x.sum() / (len(x) + 1)\n"
    )
    return lesson


def released(lesson, *arguments: str) -> dict[str, bytes]:
    """The files of a release, by name."""
    ran = lesson.run("release", *arguments)
    assert (ran.status, ran.talk) == (0, ""), ran.talk
    with zipfile.ZipFile(lesson.root / "student.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_holds_what_a_student_needs_and_nothing_else(whole):
    (whole.root / "solutions/vectors/notes.md").write_text("secret")
    (whole.root / "answers").mkdir()
    (whole.root / "answers/vectors.py").write_text("a new folder belongs to nobody until somebody says so")
    (whole.root / "exercises/other.py").write_text("belongs to no exercise")
    (whole.root / ".grader").mkdir()
    (whole.root / ".grader/progress.json").write_text("{}")
    names = {name for name in released(whole) if not name.startswith("lesson/grader/")}
    assert names == {
        *(f"lesson/{name}" for name in FROM_ROOT if name != "docs/student.md"),
        "lesson/README.md",
        *(f"lesson/{EXERCISE}/{name}" for name in ("exercise.toml", "oracle.py", "probes.py", "test_vectors.py")),
        f"lesson/{EXERCISE}/vectors.py",
    }


def test_is_the_same_from_run_to_run(whole):
    digests = set()
    for _ in range(2):
        released(whole)
        digests.add(hashlib.sha256((whole.root / "student.zip").read_bytes()).hexdigest())
        for path in whole.root.rglob("*"):
            os.utime(path, (1, 1))
            path.chmod(0o700)
    assert len(digests) == 1


def test_named_exercises_alone(whole):
    whole.copy_exercise("matrices")
    folders = {name.split("/")[2] for name in released(whole, "matrices") if name.startswith("lesson/exercises/")}
    assert folders == {"matrices"}


def test_what_no_exercise_is_made_of_is_left_out_and_told(whole):
    (whole.root / EXERCISE / "drafts").mkdir()
    (whole.root / EXERCISE / "drafts/vectors.py").write_text("return x * factor")
    (whole.root / EXERCISE / "drafts/table.csv").write_text("1,2")
    (whole.root / EXERCISE / "notes.odt").write_text("")
    ran = whole.run("release")
    told = [f"  {whole.root / EXERCISE / name}" for name in ("drafts/vectors.py", "notes.odt")]
    assert ran.talk.splitlines() == ["left out, for no exercise is made of such files:", *told]
    with zipfile.ZipFile(whole.root / "student.zip") as archive:
        assert f"lesson/{EXERCISE}/drafts/table.csv" in archive.namelist()
        assert [name for name in archive.namelist() if "drafts/vectors" in name or "odt" in name] == []


def refusal(lesson) -> str:
    """The one line of a release that is refused."""
    ran = lesson.run("release")
    assert (ran.status, ran.out, ran.talk.count("\n")) == (2, "", 1)
    assert not (lesson.root / "student.zip").exists()
    return ran.talk.strip().replace(f"{lesson.root}/", "")


@pytest.mark.parametrize("name", ["vectors.py", "test_vectors_hidden.py"])
def test_needs_the_solutions_to_compare_with(whole, name):
    (whole.root / "solutions/vectors" / name).unlink()
    assert refusal(whole) == (
        f"grader: solutions/vectors/{name}: is missing; a release is compared with solutions/, to hold nothing of it"
    )


def test_stub_that_may_hold_a_solution_is_refused(whole, reference):
    (whole.root / EXERCISE / "vectors.py").write_text(reference)
    assert refusal(whole) == (
        f"grader: {EXERCISE}/vectors.py: is not what its reference says, and may hold a solution; run `grader stubs`"
    )


def test_missing_file_of_the_checkout_is_named(whole):
    (whole.root / "docs/student.md").unlink()
    assert refusal(whole) == "grader: docs/student.md: is missing; run this in a checkout of the whole lesson"


@pytest.mark.parametrize(("owner", "text"), [*PLANTED.items(), *CODE.items()])
def test_text_of_solutions_is_found_wherever_it_stands(whole, owner, text):
    with (whole.root / EXERCISE / "probes.py").open("a") as file:
        file.write(f"\n\ndef extra():\n{text}")
    assert refusal(whole).startswith(f"grader: {EXERCISE}/probes.py: holds text of {owner} (`")


# ---- the release of this repository


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Path:
    """The release of this repository, unpacked."""
    folder = tmp_path_factory.mktemp("ours")
    command = [sys.executable, "-m", "grader", "release", "--out", str(folder / "student.zip")]
    done = subprocess.run(command, cwd=REPOSITORY, env=variables(REPOSITORY), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "student.zip") as archive:
        archive.extractall(folder)
    return folder / "lesson"


def variables(root: Path) -> dict[str, str]:
    found = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "HF_HUB_OFFLINE": "1", "COLUMNS": "80"}
    return found | {"GRADER_COLD": "1"}


def lines_of(text: str) -> set[str]:
    """Lines long enough to tell something, without their spaces."""
    squeezed = ("".join(line.split()) for line in text.splitlines())
    return {line for line in squeezed if len(line) > 48}


def test_nothing_secret_is_in_our_release(ours):
    """Line by line, which is another way than the command's own."""
    given = {
        line for path in ours.rglob("*") if path.is_file() for line in lines_of(path.read_text("utf-8", "replace"))
    }
    tables = [
        line for name in ("audit", "diagnosis") for line in (REPOSITORY / f"docs/{name}.md").read_text().splitlines()
    ]
    secret = lines_of("\n".join(line for line in tables if line.startswith(("|", "- `", "      "))))
    for exercise in read_catalog(REPOSITORY).exercises:
        text = exercise.reference.read_text()
        lines = text.splitlines()
        for region in regions_of(text, "reference"):
            secret |= lines_of("\n".join(lines[region.first - 1 : region.last]))
        secret |= {"".join(answer.headline.split()) for answer in read_answers(exercise, "wrong")}
        secret |= {"".join(title.split()) for title in re.findall(r'title="(.+?)"', exercise.hidden_checks.read_text())}
        assert len(secret) > 100
    assert {line for line in secret if any(line in other for other in given)} == set()


def test_our_release_works_and_nothing_is_started(ours):
    """As in the release's own environment: nothing but what is in the zip, and installed packages."""
    command = [sys.executable, "-m", "grader", "check", "--json", "report.json"]
    done = subprocess.run(command, cwd=ours, env=variables(ours), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    report = (ours / "report.json").read_text()
    assert set(re.findall(r'"verdict": "(\w+)"', report)) <= {"todo", "skipped"}
    assert '"max_score": 100.0' in report


def test_our_release_names_only_targets_and_files_that_it_holds(ours):
    help_text = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ours, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[0] for line in help_text.splitlines()] == [
        "help",
        "watch",
        "check",
        "list",
        "hint",
        "predict",
        "doctor",
        "lab",
    ]
    for path in re.findall(r"`(exercises/[\w/.]+)`", (ours / "README.md").read_text()):
        assert (ours / path).exists(), path
