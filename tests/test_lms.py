"""What an LMS runs, laid out as it lays it out, in a folder of our own: one submission in, one file of results out."""

import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from jail.attacks import read_attacks
from jail.modes import JAIL, ROOT
from notebooks import code, exercise_cells, notebook

REPOSITORY = Path(__file__).parents[1]
FROM_ROOT = ["constraints.txt", "pyproject.toml"]
FAKE = '{"score": 100, "tests": []}'
REFERENCE = (REPOSITORY / "tests/lessons/vectors/solutions/vectors/vectors.py").read_text()
STUB = (REPOSITORY / "tests/lessons/vectors/exercises/vectors/vectors.py").read_text()
ATTACKS = {attack.name: attack for attack in read_attacks() if attack.exercise == "vectors"}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Gradescope and PrairieLearn run Linux containers")


@pytest.fixture(scope="module")
def built(make_lesson, tmp_path_factory) -> Path:
    """The zip, made from the fixture lesson."""
    lesson = make_lesson(tmp_path_factory.mktemp("built"))
    for name in FROM_ROOT:
        shutil.copy(REPOSITORY / name, lesson.root)
    (lesson.root / "secret.txt").write_text("0123456789abcdef" * 4)
    (lesson.root / "solutions/vectors/wrong").mkdir()
    ran = lesson.run("gradescope", environment={"GRADER_SECRET_FILE": str(lesson.root / "secret.txt")})
    assert (ran.status, ran.talk) == (0, "")
    return lesson.root / "autograder.zip"


def unpack(archive: Path, folder: Path) -> None:
    """As `unzip` does, which keeps modes."""
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            Path(opened.extract(info, folder)).chmod(info.external_attr >> 16 & 0o777)


class Autograder:
    """Gradescope's folder after its set-up: `source`, a copy of `run_autograder` beside it, `submission`, `results`."""

    def __init__(self, root: Path, built: Path) -> None:
        self.root = root
        self.results = root / "results/results.json"
        for name in ("submission", "results", "venv/bin"):
            (root / name).mkdir(parents=True)
        unpack(built, root / "source")
        shutil.copy(root / "source/run_autograder", root)
        python = root / "venv/bin/python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        (root / "submission_metadata.json").write_text('{"id": 1, "users": [{"email": "a@example.org"}]}')

    def start(self, source: str | None, name: str = "vectors.py") -> subprocess.Popen[str]:
        """Hand in and run as root in a container does, where there are no namespaces."""
        if source is not None:
            (self.root / "submission" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / "submission" / name).write_text(source)
        command = [sys.executable, str(JAIL / "under.py"), "nonamespaces", str(self.root / "run_autograder")]
        environment = {"PATH": os.environ["PATH"], "AUTOGRADER": str(self.root)}
        out = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=self.root, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True
        )

    def grade(self, source: str | None, name: str = "vectors.py"):
        """The results, and what Gradescope keeps as its standard output."""
        process = self.start(source, name)
        said, _ = process.communicate(timeout=120)
        return json.loads(self.results.read_text()), said


@pytest.fixture
def autograder(tmp_path, built) -> Autograder:
    return Autograder(tmp_path / "autograder", built)


def verdicts(results) -> dict[str, str]:
    return {test["name"].split(":")[0]: test["tags"][1] for test in results["tests"]}


ALL = ["vectors.1.value", "vectors.1.fresh", "vectors.2.value", "vectors.2.empty", "vectors.2.negative"]
HANGS = REFERENCE.replace("    if not len(x):", "    while True:\n        pass\n    if not len(x):")
SUBMISSIONS = {
    "correct": (REFERENCE, 6.0, ["pass"] * 5),
    "wrong": (REFERENCE.replace("x.sum() / len(x)", "x.sum()"), 2.5, ["pass", "pass", "fail", "pass", "fail"]),
    "untouched": (STUB, 0.0, ["todo"] * 5),
    "hanging": (HANGS, 2.0, ["pass", "pass", "fail", "fail", "fail"]),
}


@on_linux
@pytest.mark.parametrize("name", SUBMISSIONS)
def test_gradescope_grades(autograder, name):
    source, score, expected = SUBMISSIONS[name]
    results, said = autograder.grade(source)
    assert said == ""
    assert list(verdicts(results).values()) == expected
    assert results["score"] == pytest.approx(score)
    assert results["score"] == pytest.approx(sum(test["score"] for test in results["tests"]))
    assert {test["name"].split(":")[0]: test["visibility"] for test in results["tests"]} == {
        check: "after_published" if check == "vectors.2.negative" else "visible" for check in ALL
    }
    if ROOT:
        assert results["extra_data"]["isolation"] == "strong"
    assert oct(stat.S_IMODE(autograder.results.stat().st_mode)) == "0o644"
    assert [path.name for path in autograder.results.parent.iterdir()] == ["results.json"]


@on_linux
@pytest.mark.parametrize("name", ["result_file", "report_on_every_descriptor"])
def test_gradescope_is_not_told_what_to_write(autograder, name):
    targets = {"result": str(autograder.results)}
    results, said = autograder.grade(ATTACKS[name].submission(targets, REFERENCE))
    assert results["score"] == 0
    assert set(verdicts(results).values()) <= {"fail", "skipped", "todo"}
    assert len(results["tests"]) == len(ALL)
    assert "vectors" not in said


@on_linux
def test_prints_reach_neither_results_nor_log(autograder):
    """What a failing public check quotes of them is text in a message, cut and cleaned."""
    prints = f"import sys\nprint('{FAKE}')\nprint('at the top\\x1b[2J', file=sys.stderr, flush=True)\n"
    inside = REFERENCE.replace("    return x * factor", "    print('inside\\x1b[2J')\n    return x * factor")
    results, said = autograder.grade(prints + inside)
    text = autograder.results.read_text()
    assert (results["score"], said) == (6.0, "")
    assert [word for word in ('"score": 100', "at the top", "inside", "\x1b", "\\u001b") if word in text] == []


@on_linux
def test_results_can_be_read_at_every_moment(autograder):
    process = autograder.start(HANGS)
    seen: list[str] = []
    while process.poll() is None:
        if autograder.results.exists() and (text := autograder.results.read_text()) not in seen:
            seen.append(text)
        time.sleep(0.005)
    process.communicate()
    first, last = map(json.loads, (seen[0], autograder.results.read_text()))
    assert (first["score"], first["output"].splitlines()[0]) == (0, "NOT GRADED: this 0 is no grade.")
    assert last["score"] == pytest.approx(2.0)
    assert len(seen) <= 2


NESTED = ["vectors/vectors.py", "exercises/vectors/vectors.py", "my work/vectors (1).py"]


@on_linux
@pytest.mark.parametrize("name", NESTED)
def test_file_is_found_where_students_put_it(autograder, name):
    results, _ = autograder.grade(REFERENCE, name)
    assert results["score"] == 6.0


@on_linux
def test_students_are_told_what_was_taken_of_their_notebook(autograder):
    cells = [*exercise_cells(REFERENCE, "vectors"), code("print(scaled(1, 2))"), code("def half(x")]
    results, _ = autograder.grade(notebook(cells).decode(), "my work/vectors (1).ipynb")
    assert results["score"] == 6.0
    *_, account, note = results["output"].splitlines()
    assert account.startswith("my work/vectors (1).ipynb: taken from cell")
    assert note.endswith("'(' was never closed; what it defines was not taken")


@on_linux
def test_nothing_to_grade_is_told(autograder):
    results, _ = autograder.grade("x = 1", "essay.txt")
    assert results["score"] == 0
    assert results["output"].startswith("NOT GRADED: this 0 is no grade.\n\n")
    assert "vectors.py" in results["output"]


@on_linux
def test_fault_of_the_grader_is_no_silent_zero(autograder):
    (autograder.root / "source/solutions/vectors/test_vectors_hidden.py").write_text("import nowhere\n")
    results, said = autograder.grade(REFERENCE)
    assert results["output"].endswith(
        "The grader failed, by a fault of its own and not of yours. Please tell your instructor."
    )
    assert "No module named 'nowhere'" in said  # for the instructor


@on_linux
def test_deadline_is_told(autograder):
    run = autograder.root / "run_autograder"
    assert "--seconds 540" in run.read_text()
    run.write_text(run.read_text().replace("--seconds 540", "--seconds 0.5"))
    results, _ = autograder.grade(REFERENCE)
    assert "did not come to its end within 0.5 seconds" in results["output"]


# ---- the zip


def test_zip_is_laid_out_as_gradescope_wants_it(built):
    with zipfile.ZipFile(built) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        content = {name: archive.read(name) for name in modes}
    assert [name for name in modes if "/" not in name] == [
        "constraints.txt", "requirements.txt", "run_autograder", "secret", "setup.sh",
    ]  # fmt: skip
    for name in ("setup.sh", "run_autograder"):
        assert modes[name] & 0o111
        assert content[name].startswith(b"#!")
    assert [name for name in modes if name.startswith("solutions/")] == [
        "solutions/vectors/test_vectors_hidden.py", "solutions/vectors/vectors.py",
    ]  # fmt: skip


def test_zip_installs_what_the_project_needs(built):
    with zipfile.ZipFile(built) as archive:
        needed = archive.read("requirements.txt").decode()
        pinned = archive.read("constraints.txt").decode()
    for line in needed.splitlines():
        assert re.search(rf"^{re.split('[<>=]', line)[0]}==", pinned, re.M), f"{line}: is not pinned"


def test_limit_set_on_gradescope_moves_the_deadline(lesson):
    for name in FROM_ROOT:
        shutil.copy(REPOSITORY / name, lesson.root)
    assert lesson.run("gradescope", "--minutes", "20").status == 0
    with zipfile.ZipFile(lesson.root / "autograder.zip") as archive:
        assert b"--seconds 1080" in archive.read("run_autograder")


def test_zip_needs_solutions(lesson):
    for name in FROM_ROOT:
        shutil.copy(REPOSITORY / name, lesson.root)
    missing = lesson.root / "solutions/vectors/test_vectors_hidden.py"
    missing.unlink()
    ran = lesson.run("gradescope")
    assert ran.talk == f"grader: {missing}: is missing; run this in a checkout of the whole lesson\n"
    assert ran.status == 2


def make_wheel(folder: Path, name: str) -> None:
    """The smallest package that pip takes."""
    info = f"{name}-1.0.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def packages(lesson) -> Path:
    """A folder of wheels, and a lesson that needs one of them."""
    (lesson.root / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["tiny>=1.0"]\n')
    (lesson.root / "constraints.txt").write_text("tiny==1.0\n")
    make_wheel(lesson.root / "packages", "tiny")
    return lesson.root / "packages"


def vendored(lesson, packages: Path):
    return lesson.run("gradescope", "--vendor", environment={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)})


on_gradescopes_platform = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="wheels are fetched where they will be used"
)


@on_gradescopes_platform
def test_set_up_needs_no_network_if_wheels_are_in_the_zip(lesson, packages, tmp_path):
    ran = vendored(lesson, packages)
    assert (ran.status, ran.talk) == (0, "")
    root, path = tmp_path / "autograder", tmp_path / "bin"
    unpack(lesson.root / "autograder.zip", root / "source")
    path.mkdir()
    (path / "python3.11").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (path / "python3.11").chmod(0o755)
    environment = {"PATH": f"{path}:/usr/bin:/bin", "AUTOGRADER": str(root)}
    done = subprocess.run([str(root / "source/setup.sh")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    subprocess.run([str(root / "venv/bin/python"), "-c", "import tiny"], check=True)
    assert not (root / "source/wheels").exists()


@on_gradescopes_platform
def test_wheels_that_cannot_be_fetched_are_told(lesson, packages):
    (packages / "tiny-1.0-py3-none-any.whl").unlink()
    ran = vendored(lesson, packages)
    assert ran.talk.startswith("grader: --vendor: pip could not fetch the wheels: ")
    assert "tiny" in ran.talk
    assert (ran.status, ran.talk.count("\n")) == (2, 1)


@on_gradescopes_platform
def test_wheels_of_cuda_are_refused(lesson, packages):
    make_wheel(packages, "nvidia_cublas")
    (lesson.root / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["tiny", "nvidia-cublas"]\n')
    assert "pip chose a torch with CUDA" in vendored(lesson, packages).talk


# ---- PrairieLearn


@pytest.fixture
def grade(tmp_path, lesson) -> Path:
    """Its folder: the lesson lies in `serverFilesCourse`, and nobody makes `results`."""
    root = tmp_path / "grade"
    (root / "student").mkdir(parents=True)
    (root / "data").mkdir()
    shutil.copytree(lesson.root, root / "serverFilesCourse/lesson")
    return root


def run_prairielearn(root: Path):
    command = [sys.executable, "-m", "grader.lms", "prairielearn", "vectors", "--root", str(root)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, cwd=root / "serverFilesCourse/lesson", env=environment, check=False, timeout=120)
    return json.loads((root / "results/results.json").read_text())


@on_linux
def test_prairielearn_grades(grade):
    (grade / "student/vectors.py").write_text(SUBMISSIONS["hanging"][0])
    results = run_prairielearn(grade)
    assert (results["gradable"], results["score"]) == (True, pytest.approx(2 / 6))
    assert [test["max_points"] for test in results["tests"]] == [1.5, 0.5, 1.5, 0.5, 2.0]


@on_linux
def test_prairielearn_grades_notebooks(grade):
    cells = [code("while True: pass"), *exercise_cells(REFERENCE, "vectors")]
    (grade / "student/work.ipynb").write_bytes(notebook(cells))
    results = run_prairielearn(grade)
    assert (results["gradable"], results["score"]) == (True, 1.0)
    assert results["output"].startswith("work.ipynb: taken from cell")


@on_linux
def test_prairielearn_uses_up_no_attempt_for_what_cannot_be_graded(grade):
    (grade / "student/vectors.py").write_bytes(b"\x7fELF\0")
    results = run_prairielearn(grade)
    assert results["gradable"] is False
    assert "binary data" in results["format_errors"][0]
