"""`python -m grader.lms gradescope [EXERCISE ...]`: grades the submission that an LMS put where it puts them.

Run in the lesson's folder. Results that can be read are there at every moment: first that nothing was graded, and in
its place, in one step, what came of it. A deadline of our own stands before the LMS's, which would tell nobody why.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from grader import files
from grader.lms.surfaces import SURFACES, Surface

STOPPED = "The grader did not come to its end. Please hand in again, and tell your instructor if this repeats itself."
LATE = (
    "The grader did not come to its end within {seconds:g} seconds. What takes so long may be your code, or the "
    "machine: please look for loops without end, hand in again, and tell your instructor if this repeats itself."
)
FAULT = "The grader failed, by a fault of its own and not of yours. Please tell your instructor."


def grade(lms: str, surface: Surface, root: Path, exercises: list[str], seconds: float) -> bool:
    """Grade what lies below `root`; whether it was graded."""
    results = root / surface.results
    files.replace(results, surface.refuse(STOPPED))
    with tempfile.TemporaryDirectory() as folder:
        judged = Path(folder, "results.json")
        command = [
            sys.executable,
            "-m",
            "grader.lms.judge",
            lms,
            str(root / surface.submission),
            str(judged),
            *exercises,
        ]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            files.replace(results, surface.refuse(LATE.format(seconds=seconds)))
            return False
        finally:
            _end(process)
        if status or not judged.is_file():
            files.replace(results, surface.refuse(FAULT))
            return False
        files.replace(results, judged.read_bytes())
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the grader; its workers cannot outlive it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m grader.lms", description="Grade what an LMS put in its place.")
    parser.add_argument("lms", choices=SURFACES)
    parser.add_argument("exercises", nargs="*", metavar="EXERCISE")
    parser.add_argument("--root", type=Path, help="the LMS's folder, if it is another than usual")
    parser.add_argument("--seconds", type=float, default=540.0, help="the deadline")
    given = parser.parse_args()
    surface = SURFACES[given.lms]
    sys.exit(not grade(given.lms, surface, given.root or Path(surface.root), given.exercises, given.seconds))
