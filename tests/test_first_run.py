"""The first `make check` on a machine: what it says, and its one line where it cannot go on.

Faked at the edge: `tests/first_run` holds a pip that says what the real one said, and a `venv` that takes no time.
"""

import ast
import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.doctor import Facts, render
from grader.equipment import Package, items, packages

REPOSITORY = Path(__file__).parents[1]
FAKES = Path(__file__).parent / "first_run"
SCRIPT = REPOSITORY / "grader/first_run.py"
STARTS = [
    "Setting up .venv with torch and what grades your work: about 1.2 GB, once.",
    "This takes some minutes, most of them for the download; no admin rights are needed.",
]
SOME_INDEX = {"PIP_EXTRA_INDEX_URL": "https://index.example/simple"}
BUILD = """\
Obtaining file:///home/me/lesson
  Installing build dependencies: finished with status 'error'
  error: subprocess-exited-with-error
  x pip subprocess to install build dependencies did not run successfully.
      Looking in indexes: https://me:secret@index.example/simple
      WARNING: Retrying (Retry(total=0)) after connection broken by '{broken}': /simple/setuptools/
      ERROR: Could not find a version that satisfies the requirement setuptools>=77 (from versions: none)
      ERROR: No matching distribution found for setuptools>=77
error: subprocess-exited-with-error
"""
OBJECT = "<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f1a>"
# What pip said, as it did on a machine where this was the matter -> the line.
SAID = {
    "refused": (
        BUILD.format(broken=f"NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 111]')"),
        "index.example cannot be reached: is there a network?",
    ),
    "no name": (
        BUILD.format(broken="NameResolutionError(\"HTTPSConnection(host='files.example', port=443): no such\")"),
        "files.example cannot be reached: is there a network?",
    ),
    "proxy": (
        BUILD.format(broken="ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))"),
        "the proxy does not let pip through (proxy.example:3128); ask for its address, and set HTTPS_PROXY to it",
    ),
    "certificate": (
        BUILD.format(broken="SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed'))"),
        "the certificate of index.example is not trusted here; if your network replaces it, name its own in PIP_CERT",
    ),
    "full": (
        "  Downloading transformers-5.23.0-py3-none-any.whl (13.3 MB)\n"
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "the disk is full: free some 2 GB here or in /scratch (or name another folder in TMPDIR)",
    ),
    "quota": (
        "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded\n",
        "the disk is full: free some 2 GB here or in /scratch (or name another folder in TMPDIR)",
    ),
    "no wheel": (
        "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
        "ERROR: No matching distribution found for torch==2.13.0\n",
        "there is no torch for Python ",
    ),
    "something else": (
        "ERROR: Exception:\nTraceback (most recent call last):\nERROR: the stars are not right\n",
        "pip could not install what is needed: ERROR: the stars are not right (all of it is in .grader/setup.log)",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """A lesson that nobody has set up yet, in a path with spaces."""

    root: Path

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment = kept | {"PYTHONPATH": str(FAKES), "COLUMNS": "80", "TMPDIR": "/scratch"} | variables
        command = ["make", f"PYTHON={sys.executable}", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def told(self, done: subprocess.CompletedProcess[str]) -> list[str]:
        """What stands on standard error, without make's own last word."""
        assert done.returncode == 2
        *lines, last = done.stderr.splitlines()
        assert last.startswith("make: ***")
        assert "Traceback" not in done.stderr
        return lines

    def pretends(self, statement: str) -> str:
        """The path of a Python that is another one after this statement."""
        python = self.root / "python"
        runs = (
            f"import runpy, sys; {statement}; sys.argv = sys.argv[1:]; "
            "exec(sys.argv[1]) if sys.argv[0] == '-c' else runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{runs}" "$@"\n')
        python.chmod(0o755)
        return "PYTHON=./python"


@pytest.fixture
def machine(lesson, tmp_path) -> Machine:
    root = lesson.root.rename(tmp_path / "a path with spaces")
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "grader", root / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    return Machine(root)


def test_first_check_says_what_comes_and_grades(machine):
    done = machine.make("check", TMPDIR="/tmp", **SOME_INDEX)
    assert machine.told(done)[:-1] == [*STARTS, "  unpacking"]
    assert machine.told(done)[-1].startswith("Done, in ")
    assert done.stdout.startswith("vectors  Vectors, for the engine's own tests")
    assert {path.name for path in (machine.root / ".venv").iterdir()} == {"bin", ".student"}
    assert machine.told(machine.make("check", TMPDIR="/tmp")) == []


def test_lesson_that_was_moved_still_works(machine):
    machine.make("check", TMPDIR="/tmp")
    moved = Machine(machine.root.rename(machine.root.parent / "another path"))
    assert (moved.make("list").returncode, moved.make("list").stderr) == (0, "")


def test_large_downloads_are_warned_of_and_named(machine):
    (machine.root / "said").write_text("  Downloading torch-2.13.0-cp311-none-linux.whl (196.5 MB)\nERROR: no\n")
    lines = machine.told(machine.make("check", FAKE_PIP="said"))
    assert "  torch, 196.5 MB" in lines
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert "On Linux torch may bring several GB of CUDA more: README.md says how to do without." in lines


@pytest.mark.parametrize("trouble", SAID)
def test_trouble_is_one_line_and_leaves_nothing_behind(machine, trouble):
    said, line = SAID[trouble]
    (machine.root / "said").write_text(said)
    done = machine.make("check", FAKE_PIP="said", HTTPS_PROXY="http://me:secret@proxy.example:3128", **SOME_INDEX)
    first, second, *rest, last = machine.told(done)
    assert ([first, second], done.stdout) == (STARTS, "")
    assert last.startswith(f"grader: {line}")
    assert "secret" not in last
    assert [other for other in rest if not other.startswith("  ")] == []
    assert not (machine.root / ".venv").exists()
    assert (machine.root / ".grader/setup.log").read_text().strip() == said.strip()


OTHER = "name another one: make check PYTHON=python3.12"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("sys.version_info = (3, 9, 2, 'final', 0)", f"Python 3.11 or newer is needed, and this is 3.X; {OTHER}"),
        ("import struct; struct.calcsize = len", f"this Python 3.X has 32 bits, and torch needs 64; {OTHER}"),
        (
            "sys.modules['ensurepip'] = None",
            f"this Python cannot set up environments: install python3.X-venv (Debian, Ubuntu), or {OTHER}",
        ),
        (
            "import shutil; shutil.disk_usage = lambda _: type('Usage', (), {'free': 123456789})",
            "the disk is full: 2 GB are needed in this folder, and 0.1 GB are free",
        ),
    ],
    ids=["old", "32 bits", "no venv", "full"],
)
def test_what_is_known_to_end_badly_is_not_begun(machine, statement, line):
    (told,) = machine.told(machine.make("check", machine.pretends(statement)))
    version = ".".join(map(str, sys.version_info[:3]))
    assert told.replace(version, "3.X").replace(f"3.{sys.version_info[1]}-", "3.X-") == f"grader: {line}"
    assert not (machine.root / ".venv").exists()


def test_folder_that_cannot_be_written_is_named(machine):
    (machine.root / ".venv").write_text("in the way")
    assert machine.told(machine.make("check")) == ["grader: .venv: File exists"]


def test_what_a_killed_run_left_is_done_anew(machine):
    """It had no time to take anything away: an environment that looks whole, with its mark."""
    (machine.root / ".venv/bin").mkdir(parents=True)
    (machine.root / ".venv/.unfinished").touch()
    (machine.root / ".venv/half").touch()
    machine.told(machine.make("check", TMPDIR="/tmp", **SOME_INDEX))
    assert {path.name for path in (machine.root / ".venv").iterdir()} == {"bin", ".student"}


def test_environment_of_somebody_else_stays(machine):
    (machine.root / ".venv/theirs").mkdir(parents=True)
    (machine.root / "said").write_text("ERROR: no\n")
    machine.told(machine.make("check", FAKE_PIP="said"))
    assert {path.name for path in (machine.root / ".venv").iterdir()} == {"theirs", "bin"}


def test_old_pythons_can_read_the_script():
    """As far as its line; the standard library is all that they are asked for."""
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_real_environment_in_a_path_with_spaces(machine):
    """Python's own venv this time: pip is the only fake, so that the packages are missing afterwards."""
    fake = machine.root / "fakes/pip"
    shutil.copytree(FAKES / "pip", fake)
    told = machine.told(machine.make("list", PYTHONPATH=str(fake.parent), TMPDIR="/tmp", **SOME_INDEX))
    assert (machine.root / ".venv/pyvenv.cfg").is_file()
    assert told[-1].startswith("grader: missing here: click, ")
    assert told[-1].endswith("; remove the folder `.venv` and run `make check`")


def test_missing_package_is_named_where_workers_cannot_start(machine):
    machine.make("check", TMPDIR="/tmp")
    for path, old, new in (
        ("pyproject.toml", "dependencies = [", 'dependencies = ["nowhere-at-all",'),
        ("exercises/vectors/exercise.toml", 'warm = ["numpy"]', 'warm = ["nowhere"]'),
    ):
        (machine.root / path).write_text((machine.root / path).read_text().replace(old, new, 1))
    (machine.root / ".venv/.student").touch()
    assert machine.told(machine.make("check", TMPDIR="/tmp")) == [
        "grader: missing here: nowhere-at-all; remove the folder `.venv` and run `make check`"
    ]


# ---- installed apart from the lesson, as `pip install .` and pipx do


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder of packages of a real `pip install .`, without what it needs."""
    if int(importlib.metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("building takes setuptools 77, and here is an older one")
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "target"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    shutil.copytree(REPOSITORY / "grader", source / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    done = subprocess.run([sys.executable, "-m", "pip", "install", *options, "."], cwd=source, check=False)
    assert done.returncode == 0
    return target


def installed_grader(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "COLUMNS": "80"}
    command = [sys.executable, str(installed / "bin/grader"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_installed_grader_finds_the_lesson_around_it(installed, lesson):
    below = lesson.root / "exercises/vectors"
    assert installed_grader(installed, "list", cwd=below).stdout.startswith("vectors  Vectors")
    done = installed_grader(installed, "check", "--submission", "solutions", "--full", cwd=lesson.root)
    assert (done.returncode, done.stderr, "6 of 6" in done.stdout) == (0, "", True)
    done = installed_grader(installed, "doctor", cwd=lesson.root)
    assert "11 of 11 as they should be" in done.stdout


def test_installed_grader_says_where_it_wants_to_be(installed, tmp_path):
    done = installed_grader(installed, "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"grader: {tmp_path}: no `exercises` folder here or above; run this inside the lesson's folder\n"
    )


# ---- doctor


def test_doctor_tells_what_is_missing_and_what_to_do():
    needed = [Package("torch", "", "2.13.0"), Package("numpy", "2.3.0", "2.4.6"), Package("peft", "1+cpu", "1")]
    python, total, torch, numpy, disk = items(needed)
    assert [item.holds for item in (python, total, torch, numpy)] == [True, False, False, False]
    assert (total.words, torch.words) == ("1 of 3 as they should be", "is missing")
    assert numpy.words == "2.3.0, and constraints.txt says 2.4.6: last digits may differ"
    assert "`python -m pip install -c constraints.txt -e .`" in total.remedy
    assert disk.words.endswith(" GB free")
    text = render(Facts("Linux 6.8 on x86_64", False, True, equipment=(total, torch)))
    assert "  -  torch             is missing" in text.splitlines()
    assert "  *  Install what is missing: `python -m pip install" in text


def test_other_versions_are_no_reason_to_install():
    _, total, *_ = items([Package("numpy", "2.3.0", "2.4.6")])
    assert (total.holds, total.remedy) == (False, "")


def test_doctor_reads_what_the_lesson_asks_for():
    assert [package.name for package in packages()] == [
        "click", "hypothesis", "msgspec", "numpy", "peft", "pytest", "safetensors", "tabulate", "torch",
        "transformers", "watchfiles",
    ]  # fmt: skip
    assert all(package.wanted for package in packages())
