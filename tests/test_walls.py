"""The walls of the design: what the grader process never loads, which layer may import which, what the engine names."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ENGINE = REPOSITORY / "grader"
MODULES = sorted(ENGINE.rglob("*.py"))
NEVER_IMPORTED = {"torch", "transformers", "peft", "safetensors", "pickle", "marshal", "shelve", "dill"}
IN_WORKERS = {"worker/arrays.py": {"torch"}, "worker/cuda.py": {"torch"}, "worker/models.py": {"torch", "transformers"}}
"""What runs in workers alone may import more."""
EXERCISES = sorted(
    folder.name for folder in (REPOSITORY / "exercises").iterdir() if (folder / "exercise.toml").is_file()
)
GRADE_AND_TELL = """
import sys
from grader.cli import main
sys.argv = ["grader", "check", "--submission", "solutions/vectors/vectors.py", "--full"]
try:
    main()
except SystemExit as stop:
    assert stop.code == 0
for name, module in sorted(sys.modules.items()):
    print("loaded", name.split(".")[0], getattr(module, "__file__", None))
"""

WARM_UP = """
import sys
from grader.worker.main import warm_up
exercise = {"framework": "numpy", "probes": "exercises/vectors/probes.py", "forbidden": []}
warm_up({"one": exercise | {"warm": ["colorsys", "wave"]}, "other": exercise | {"warm": [], "forbidden": FORBIDDEN}})
print(*sorted({"colorsys", "wave"} & sys.modules.keys()))
"""


def python(*arguments: str, cwd: Path) -> str:
    """What a Python process of the engine prints; it must succeed."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "80"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imports(path: Path) -> set[str]:
    """The first names of all modules that a file imports, at its top or anywhere else."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize(("forbidden", "warm"), [([], "colorsys wave"), (["colorsys"], "wave")])
def test_what_one_exercise_forbids_is_not_warm_for_another(lesson, forbidden, warm):
    code = WARM_UP.replace("FORBIDDEN", repr(forbidden))
    assert python("-W", "ignore", "-c", code, cwd=lesson.root).split() == warm.split()


def test_grader_process_loads_neither_torch_nor_submissions(lesson):
    loaded = [
        line.split()[1:]
        for line in python("-c", GRADE_AND_TELL, cwd=lesson.root).splitlines()
        if line.startswith("loaded")
    ]
    assert {"grader", "numpy", "hypothesis"} <= {name for name, _ in loaded}
    assert {name for name, _ in loaded} & (
        NEVER_IMPORTED - {"pickle", "marshal"}
    ) == set()  # pytest and numpy load these two
    ours = {Path(file).name for _, file in loaded if str(lesson.root) in file}
    assert ours == {"test_vectors.py", "test_vectors_hidden.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_module_imports_what_it_must_not(path):
    allowed = IN_WORKERS.get(path.relative_to(ENGINE).as_posix(), set())
    assert imports(path) & NEVER_IMPORTED <= allowed


def test_layers_hold():
    pytest.importorskip("importlinter", reason="import-linter comes with the development tools only")
    assert "0 broken" in python("-c", "from importlinter.cli import lint_imports_command as run; run()", cwd=REPOSITORY)


@pytest.mark.parametrize("name", EXERCISES)
def test_engine_names_no_exercise(name):
    naming = [path for path in MODULES if re.search(rf"\b{name}\b(?!-grader)", path.read_text(), re.I)]
    assert naming == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_public_names_are_explained(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [node for node in tree.body if isinstance(node, named) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


DRAW = """
from grader.checking import distinct_sizes, integers, sampled_from
from grader.checking.cases import Cases
cases = Cases({"n": integers(1, 50), "sizes": distinct_sizes(3, 2, 64), "factor": sampled_from([1, 2, 4])}, 25)
print([cases.draw(seed, with_inputs=True) for seed in range(12)])
"""


def test_a_seed_means_the_same_wherever_the_grader_is_installed(tmp_path):
    """Hypothesis mixes numbers from the source of modules into what it draws, unless they are in site-packages."""
    installed = tmp_path / "site-packages"
    shutil.copytree(ENGINE, installed / "grader")
    elsewhere = python("-c", f"import sys; sys.path.insert(0, {str(installed)!r}){DRAW}", cwd=tmp_path)
    assert elsewhere == python("-c", DRAW, cwd=tmp_path)


# ---- pytest without the command


def test_plugin_is_found_where_the_grader_is_installed():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"grader": "grader.checking.plugin"}


def pytest_says(*arguments: str, cwd: Path) -> tuple[int, str]:
    """Status and output of pytest with our plugin and no other, as if nothing else were installed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "grader.checking.plugin", *arguments]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "80"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_plugin_leaves_other_tests_alone(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_other(tmp_path):\n"
        "    assert not {'torch', 'grader.grade', 'grader.worker.main'} & set(sys.modules)\n"
    )
    (tmp_path / "test_failing.py").write_text("def test_failing():\n    assert 0, 'as it should'\n")
    status, text = pytest_says("-W", "error", cwd=tmp_path)
    assert (status, "1 failed, 1 passed" in text, "as it should" in text) == (1, True, True), text


TOLD = """
fail: a factor of one changes nothing
the result has the wrong value
called    `scaled(x, factor)`
"""


def test_pytest_runs_an_exercise_by_itself(lesson, reference, broken_scaled):
    file = lesson.root / "exercises/vectors/vectors.py"
    file.write_text(reference)
    status, text = pytest_says("exercises/vectors", "solutions/vectors", "-q", cwd=lesson.root)
    assert (status, "5 passed" in text) == (0, True), text
    file.write_text(broken_scaled("return x + factor"))
    status, text = pytest_says("exercises/vectors", "-q", cwd=lesson.root)
    assert (status, "2 failed, 2 skipped" in text, TOLD in text) == (1, True, True), text


def test_pytest_and_the_command_agree(lesson, broken_scaled):
    (lesson.root / "exercises/vectors/vectors.py").write_text(broken_scaled("return x * factor + (len(x) > 2)"))
    ran = lesson.run("check", "--json", "-", "--seed", "3")
    _, text = pytest_says("exercises/vectors", "-q", "-rs", "--check-seed", "3", cwd=lesson.root)
    for check in ran.report["exercises"][0]["checks"]:
        assert check["message"] in text


def test_collecting_runs_nothing(lesson):
    (lesson.root / "exercises/vectors/vectors.py").write_text("open('was-here', 'w')\n")
    status, text = pytest_says("exercises/vectors", "--collect-only", "-q", cwd=lesson.root)
    assert (status, "4 tests collected" in text, "FAIL" in text) == (0, True, False), text


def test_pytest_stops_at_the_first_failure_when_asked(lesson):
    status, text = pytest_says("exercises/vectors", "-q", "-x", cwd=lesson.root)
    assert (status, "1 failed" in text, "todo: every element" in text) == (1, True, True), text


def test_broken_lesson_is_one_line_in_pytest_too(lesson):
    (lesson.root / "exercises/vectors/oracle.py").unlink()
    status, text = pytest_says("exercises/vectors", "-q", cwd=lesson.root)
    assert (status, "INTERNALERROR" in text) == (4, False), text
    assert "ERROR: exercises/vectors/oracle.py: is missing; an exercise needs it" in text
