"""Gradescope's autograder as one zip: two scripts at its root, the grader, and exercises with their solutions.

Of solutions it holds what judges, and no wrong answers: half a processor has no time to compare with them all.
"""

import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from grader.authoring.packing import ENGINE, Packing, write_zip
from grader.catalog import Catalog, Exercise
from grader.errors import UsageError
from grader.salt import secret_file

SETUP, RUN = "setup.sh", "run_autograder"
OWN_SHARE = 0.9
"""of Gradescope's time limit, so that we are the ones who say that it is over"""
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def write_autograder(
    catalog: Catalog, exercises: Sequence[Exercise], out: Path, *, minutes: float, vendor: bool
) -> Packing:
    """Write the zip; raises UsageError if something that it needs is missing."""
    packing = Packing()
    packing.add_engine("")
    for exercise in exercises:
        packing.add_exercise(exercise, "")
        for path in (exercise.reference, exercise.hidden_checks):
            packing.add(f"solutions/{exercise.name}/{path.name}", path)
    packing.add("constraints.txt", catalog.root / "constraints.txt")
    packing.add(SETUP, ENGINE / "lms" / "setup.sh")
    if secret := secret_file():
        packing.add("secret", secret)
    requirements = _requirements(catalog.root / "pyproject.toml")
    run = (ENGINE / "lms" / "run_autograder.sh").read_text("utf-8")
    made: dict[str, Path | bytes] = {
        RUN: run.replace("@SECONDS@", f"{60 * OWN_SHARE * minutes:.0f}").encode(),
        "requirements.txt": requirements,
    }
    with tempfile.TemporaryDirectory() as folder:
        if vendor:
            _download(requirements, catalog.root / "constraints.txt", Path(folder))
        wheels = {f"wheels/{path.name}": path for path in sorted(Path(folder).glob("*.whl"))}
        write_zip(out, {**packing.files, **wheels, **made}, frozenset({SETUP, RUN}))
    return packing


def _requirements(project: Path) -> bytes:
    """What the grader needs to run, from the one place that says so."""
    try:
        dependencies = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        raise UsageError(
            f"{project}: does not say what the grader needs; run this in a checkout of the whole lesson"
        ) from None
    return "".join(f"{line}\n" for line in dependencies).encode()


def _download(requirements: bytes, constraints: Path, folder: Path) -> None:
    """Fetch wheels for Gradescope's machines, by pip and its settings; raises UsageError."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UsageError(
            "--vendor: fetches wheels for the machine it runs on; run it on Linux x86_64, as Gradescope is"
        )
    listed = folder / "requirements.txt"
    listed.write_bytes(requirements)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--only-binary",
        ":all:",
        "--extra-index-url",
        CPU_INDEX,
    ]
    command += ["--dest", str(folder), "--requirement", str(listed), "--constraint", str(constraints)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        why = complaints[0].removeprefix("ERROR: ") if complaints else "it does not say why"
        raise UsageError(f"--vendor: pip could not fetch the wheels: {why}")
    if any(folder.glob("nvidia*")):
        raise UsageError(f"--vendor: pip chose a torch with CUDA, some GB that have no use there; it needs {CPU_INDEX}")
