"""Documents show what the command really says: the parts between markers are generated (`make goldens`)."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.audit.examine import audited_digest
from grader.catalog import Exercise, read_catalog

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
MISTAKE = "lora/wrong/scale_alpha_only.py"


def run(*arguments: str, **variables: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "COLUMNS": "80"} | variables
    command = [sys.executable, "-m", "grader", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    return done.stdout


def untouched_stubs(_: Path) -> str:
    return "$ make check\n" + run("check", GRADER_VIA="make")


def failing_check(folder: Path) -> str:
    """The first failing check of a believable mistake."""
    mistake = (REPOSITORY / "solutions" / MISTAKE).read_text()
    (folder / "lora.py").write_text((REPOSITORY / "solutions/lora/lora.py").read_text() + "\n\n" + mistake)
    report = run("check", "lora", "--submission", str(folder))
    first = re.search(r"^    x .*?(?=\n\n)", report, re.S | re.M)
    assert first is not None, report
    return first[0] + "\n"


def help_of_check(_: Path) -> str:
    return "$ grader check --help\n" + run("check", "--help")


BLOCKS: dict[str, Callable[[Path], str]] = {
    "make check": untouched_stubs,
    "failing check": failing_check,
    "grader check --help": help_of_check,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_readme_shows_real_output(name: str, tmp_path: Path, golden):
    text = README.read_text("utf-8")
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    block = "".join(f"    {line}".rstrip() + "\n" for line in BLOCKS[name](tmp_path).splitlines())
    golden(README, f"{before}{begin}\n{block}\n{end}{after}")


def test_readme_names_every_exercise():
    for folder in (REPOSITORY / "exercises").iterdir():
        if folder.is_dir():
            assert f"(exercises/{folder.name}/README.md)" in README.read_text()


def test_readme_names_every_target_it_uses():
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    for document in (README, REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "solutions/README.md"):
        assert set(re.findall(r"`?make ([a-z]+)", document.read_text())) <= targets, document


@pytest.mark.parametrize("exercise", read_catalog(REPOSITORY).exercises, ids=lambda exercise: exercise.name)
def test_tables_of_the_audit_are_fresh(exercise: Exercise):
    """Not made anew, which takes minutes: they name the digest of what they were made of."""
    marks = re.findall(rf"<!-- {exercise.name} (\w+) -->", (REPOSITORY / "docs/audit.md").read_text("utf-8"))
    assert set(marks) <= {audited_digest(exercise)}, "run `make audit` and read the diff"
