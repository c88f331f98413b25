"""Measures what the README says about a student's loop, on copies of the lesson that hold the reference as work.

    python benchmarks/watch.py [EXERCISE ...]

second   a second `grader check`, answered by the helper that the first one left behind, against the bare import of what
         it needs; wall clock, the two taking turns. Of one exercise, and of the whole lesson.
watch    from the write of a file to the verdict on the screen of `grader watch`: one line more, in each of the solution
         regions in turn, which changes nothing, or makes a mistake.
task     the same for changes that one task alone can be affected by.
"""

import math
import os
import pty
import re
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

from run import IMPORTS, tell

from grader.authoring.stubs import Region, regions_of
from grader.catalog import Exercise, read_catalog
from grader.checking.collecting import collect
from grader.watch.affected import affected, questions_of
from grader.watch.units import units_of

ROOT = Path(__file__).parents[1]
ROUNDS = 2
LONG_S = 120.0
MISTAKE = 'raise ValueError("{}")'
NOTHING = "_ = {}"
VERDICT = re.compile(rb"\d\d:\d\d:\d\d checked|all pass; checking all")
QUIET = re.compile(rb"\d\d:\d\d:\d\d (checked|saved)")


def main() -> None:
    """Print one line per figure."""
    exercises = read_catalog(ROOT).select(tuple(sys.argv[1:]))
    with lesson(exercises) as root:
        for exercise in exercises:
            second(exercise.name, [exercise.name], root)
        if len(exercises) > 1:
            second("all", [], root)
    for exercise in exercises:
        with lesson([exercise]) as root, Watched(root, exercise) as watched:
            watch(exercise, watched)


@contextmanager
def lesson(exercises: list[Exercise] | tuple[Exercise, ...]) -> Iterator[Path]:
    """A copy of the lesson in which these exercises are done."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for side in ("exercises", "solutions"):
            shutil.copytree(ROOT / side, root / side)
        for exercise in exercises:
            shutil.copy(exercise.reference, root / "exercises" / exercise.name / exercise.stub.name)
        yield root


def second(name: str, arguments: list[str], root: Path) -> None:
    """Wall clock of whole processes."""
    runtime = tempfile.mkdtemp(prefix="g")
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "XDG_RUNTIME_DIR": runtime, "CI": "", "GRADER_COLD": ""}
    commands = {
        "check": [sys.executable, "-m", "grader", "check", *arguments],
        "import": [sys.executable, "-c", IMPORTS],
    }
    seconds: dict[str, list[float]] = {kind: [] for kind in commands}
    for _ in range(ROUNDS + 1):
        for kind, command in commands.items():
            started = time.monotonic()
            subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)
            seconds[kind].append(time.monotonic() - started)
    shutil.rmtree(runtime)  # the helper ends when its socket is gone
    ratios = [check / floor for check, floor in zip(seconds["check"][1:], seconds["import"][1:], strict=True)]
    note = f"the check takes {statistics.median(seconds['check'][1:]):.2f} s, the first {seconds['check'][0]:.1f} s"
    tell(name, "second check / import", ratios, note)


class Watched:
    """`grader watch` of one exercise in a terminal of our own."""

    def __init__(self, root: Path, exercise: Exercise) -> None:
        self.file = root / "exercises" / exercise.name / exercise.stub.name
        self._ours, theirs = pty.openpty()
        ioctl(theirs, TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TERM": "xterm", "NO_COLOR": "1"}
        command = [sys.executable, "-m", "grader", "watch", exercise.name]
        self._process = subprocess.Popen(command, cwd=root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)

    def __enter__(self) -> "Watched":
        self.until(QUIET)
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._ours, b"q")
        self._process.wait(timeout=LONG_S)
        os.close(self._ours)

    def until(self, expected: re.Pattern[bytes]) -> float:
        """When the screen first said so."""
        seen, deadline = b"", time.monotonic() + LONG_S
        while not expected.search(seen):
            if not select.select([self._ours], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError(seen[-2000:])
            seen += os.read(self._ours, 65536)
        now = time.monotonic()
        while b"all pass; checking all" in seen and not QUIET.search(seen.rpartition(b"all pass")[2]):
            seen += os.read(self._ours, 65536)
        return now

    def save(self, text: str) -> float:
        """Seconds from a save to its verdict."""
        time.sleep(0.5)  # a student's saves are not a storm
        while select.select([self._ours], [], [], 0)[0]:
            os.read(self._ours, 65536)
        started = time.monotonic()
        self.file.write_text(text)
        return self.until(VERDICT) - started


def watch(exercise: Exercise, watched: Watched) -> None:
    """Lines that change nothing, and mistakes."""
    reference = exercise.reference.read_text()
    regions = regions_of(reference, exercise.name)
    for kind, line in {"one line changed": NOTHING, "one line wrong": MISTAKE}.items():
        texts = [with_line(reference, region, line.format(place)) for place, region in enumerate(regions * ROUNDS)]
        tell_times(exercise, f"save to verdict, {kind}", list(saved_one_by_one(watched, texts, reference, line)))
    alone = [region for region in regions if is_alone(exercise, reference, region)]
    if alone:
        texts = [with_line(reference, region, NOTHING.format(place)) for place, region in enumerate(alone * ROUNDS)]
        name = f"save to verdict, {len(alone)} places that one task depends on"
        tell_times(exercise, name, list(saved_one_by_one(watched, texts, reference, NOTHING)))


def saved_one_by_one(watched: Watched, texts: list[str], reference: str, line: str) -> Iterator[float]:
    """Seconds for each text, with the reference in between where the text before was wrong."""
    watched.save(reference + "\nUNUSED = 1\n")
    for text in texts:
        yield watched.save(text)
        if line is MISTAKE:
            watched.save(reference)


def with_line(reference: str, region: Region, line: str) -> str:
    """The reference with one line more, at the beginning of a solution region."""
    lines = reference.splitlines()
    lines.insert(region.first - 1, region.indent + line)
    return "\n".join(lines) + "\n"


def is_alone(exercise: Exercise, reference: str, region: Region) -> bool:
    """Whether a change there affects checks of one task only."""
    before, now = (units_of(text.encode(), "x.py") for text in (reference, with_line(reference, region, "_ = 0")))
    tasks = {found.body.__name__: found.check.task for found in collect((exercise,), hidden=False)}
    return len({tasks[name] for name in affected(before, now, tasks, questions_of(exercise))}) == 1


def tell_times(exercise: Exercise, name: str, seconds: list[float]) -> None:
    """One line: the median and the 95th percentile."""
    ordered = sorted(seconds)
    high = ordered[math.ceil(0.95 * len(ordered)) - 1]
    print(f"{exercise.name:<10} {name}: median {statistics.median(ordered):.2f} s, 95 % within {high:.2f} s", end="")
    print(f" ({len(ordered)} saves)", flush=True)


if __name__ == "__main__":
    main()
