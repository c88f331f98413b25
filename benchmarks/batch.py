"""What a class costs: `grader batch` on a generated class, beside what else could grade it. Ratios within one run.

    python benchmarks/batch.py [--exercise NAME] [--students 200] [--beside]

wall      the batch's time against (CPU of the checks themselves) / cores. That is their probes and comparisons, called
          directly in one process on the same submissions until each check's first failing case; oracle replies known.
killed    the same class, killed three times at random and resumed: equal to the uninterrupted run, field by field.
again     a class of 1000 of which everything is known.
growth    CPU per submission and peak memory for 10 and for 1000 students, on the tiny exercise of the engine's tests.
beside    CPU per correct submission against pytest in a fresh process and against `nbgrader autograde`, same checks.
"""

import argparse
import contextlib
import csv
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from run import Direct

from grader.authoring.answers import read_answers
from grader.batch.keys import check_keys, source_digest
from grader.batch.store import Kept, Store
from grader.catalog import Exercise, read_catalog
from grader.grade import Session
from grader.salt import NO_SALT
from grader.verdict import Verdict

ROOT = Path(__file__).parents[1]
TINY = ROOT / "tests" / "lessons" / "vectors"
HANG, CRASH = b"import time\nwhile True:\n    time.sleep(1)\n", b"import os\nos._exit(3)\n"
COMMON = 12
"""Mistakes that many make; the rest of a class is right, or has not started."""


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exercise", default="lora")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--beside", action="store_true", help="also measure pytest and nbgrader (needs nbgrader)")
    given = parser.parse_args()
    (exercise,) = read_catalog(ROOT).select((given.exercise,))
    with tempfile.TemporaryDirectory() as folder:
        sources = make_class(exercise, given.students)
        hand_in(Path(folder, "class"), exercise.name, sources)
        wall(exercise, sources, Path(folder))
        killed(exercise, Path(folder))
        again(exercise, Path(folder))
        growth(Path(folder))
        if given.beside:
            beside(exercise, Path(folder), given.students)


def make_class(exercise: Exercise, students: int) -> list[bytes]:
    """Mostly right, common mistakes, untouched stubs, a few hangs and crashes; no two files are the same."""
    chance = random.Random(students)
    right = [answer.source for answer in read_answers(exercise, "accepted")] + [exercise.reference.read_bytes()]
    wrong = [answer.source for answer in chance.sample(read_answers(exercise, "wrong"), COMMON)]
    sources = []
    for number in range(students):
        kind = number % 100
        if kind < 2:
            source = (HANG, CRASH)[kind]
        elif kind < 5:
            source = exercise.stub.read_bytes()
        else:
            source = chance.choice(wrong if kind < 35 else right)
        sources.append(source + b"\n# %d\n" % number)
    return sources


def hand_in(folder: Path, name: str, sources: list[bytes]) -> None:
    """A folder per student."""
    for number, source in enumerate(sources):
        place = folder / f"student{number:04}"
        place.mkdir(parents=True)
        (place / f"{name}.py").write_bytes(source)


def batch(folder: Path, out: str, *arguments: str, root: Path = ROOT, submissions: str = "class") -> dict[str, float]:
    """Run the command: seconds of wall clock and of CPU with all descendants, and peak memory in MiB."""
    command = [
        sys.executable,
        "-m",
        "grader",
        "batch",
        str(folder / submissions),
        "--out",
        str(folder / out),
        *arguments,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    before = cpu_of_children()
    started = time.monotonic()
    running = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = Peak(running.pid)
    assert running.wait() == 0
    return {"wall": time.monotonic() - started, "cpu": cpu_of_children() - before, "mib": peak.stop()}


def cpu_of_children() -> float:
    """CPU seconds of all descendants that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peak:
    """The largest memory of a process and its descendants; pages they share are counted once."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._ended = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        """In MiB."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(0.3):
            self._peak = max(self._peak, sum(map(_pss_mib, [self._pid, *descendants(self._pid)])))


def descendants(pid: int) -> list[int]:
    """Process numbers below one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


def _pss_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return 0.0


def wall(exercise: Exercise, sources: list[bytes], folder: Path) -> None:
    """How much more than the checks themselves a class costs."""
    measured = batch(folder, "results", "--exercise", exercise.name, "--public")
    own = own_cpu(exercise, sources)
    cores = len(os.sched_getaffinity(0))
    students = len(sources)
    print(f"{students} students of `{exercise.name}`: {measured['wall']:.0f} s, {measured['mib']:.0f} MiB at the most")
    print(f"wall / (own CPU of the checks / {cores} cores): {measured['wall'] / (own / cores):.2f}")
    print(f"CPU per student {measured['cpu'] / students:.2f} s, of which the checks' own {own / students:.2f} s")


def own_cpu(exercise: Exercise, sources: list[bytes]) -> float:
    """CPU seconds of the checks alone, on all submissions that end by themselves."""
    with Session((exercise,)) as session:
        bodies = [collected.body for collected in session.checks]
        direct = Direct(exercise, session.bench, bodies)
        direct.run(oracle=True)
    started = time.process_time()
    for source in sources:
        if not source.startswith((HANG, CRASH)):
            direct.judge(source)
    return time.process_time() - started


def killed(exercise: Exercise, folder: Path) -> None:
    """Kill, resume, compare."""
    chance = random.Random(1)
    command = [sys.executable, "-m", "grader", "batch", str(folder / "class"), "--out", str(folder / "resumed")]
    command += ["--exercise", exercise.name, "--public"]
    for _ in range(3):
        running = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(timeout=chance.uniform(8, 40))
        running.kill()
        running.wait()
    batch(folder, "resumed", "--exercise", exercise.name, "--public")
    same = without_times(folder / "results") == without_times(folder / "resumed")
    print(f"killed three times and resumed: {'equal' if same else 'DIFFERENT'}")


def without_times(results: Path) -> Any:
    """All that a batch says, but for how long it took."""
    data = json.loads((results / "results.json").read_text())
    for grade in data["grades"]:
        for exercise in (grade["report"] or {"exercises": []})["exercises"]:
            for check in exercise["checks"]:
                del check["duration_s"]
    return data


def again(exercise: Exercise, folder: Path, students: int = 1000) -> None:
    """A class of which everything is known."""
    sources = [exercise.reference.read_bytes() + b"\n# %d\n" % number for number in range(students)]
    hand_in(folder / "known", exercise.name, sources)
    (folder / "all-known").mkdir()
    with Session((exercise,)) as session, Store.at(folder / "all-known" / "store.sqlite") as store:
        keys = check_keys(session.checks, 0, NO_SALT)
        kept = {check_id: Kept(Verdict.PASS, "", "", 0.01, "full") for check_id in keys}
        for source in sources:
            store.keep(source_digest(source), keys, kept)
    runs = [batch(folder, "all-known", "--exercise", exercise.name, "--public", submissions="known") for _ in range(3)]
    print(
        f"{students} students, all known, {len(keys)} checks each: {statistics.median(r['wall'] for r in runs):.1f} s"
    )


def growth(folder: Path) -> None:
    """The tiny exercise: what each further student costs."""
    lesson = shutil.copytree(TINY, folder / "lesson")
    (exercise,) = read_catalog(lesson).exercises
    measured = {}
    for students in (10, 1000):
        sources = [exercise.reference.read_bytes() + b"\n# %d\n" % number for number in range(students)]
        hand_in(folder / f"class{students}", exercise.name, sources)
        first = batch(folder, f"of{students}", "--jobs", "2", root=lesson, submissions=f"class{students}")
        known = batch(folder, f"of{students}", "--jobs", "2", root=lesson, submissions=f"class{students}")
        measured[students] = first | {"each": (first["cpu"] - known["cpu"]) / students}
    few, many = measured[10], measured[1000]
    print(f"peak memory, 10 and 1000 students: {few['mib']:.0f} and {many['mib']:.0f} MiB")
    print(f"a student of 1000: {1000 * many['each']:.0f} ms of CPU in all, {many['wall']:.1f} s for the class")


def beside(exercise: Exercise, folder: Path, students: int) -> None:
    """What others need for the same checks on a correct submission."""
    sources = [exercise.reference.read_bytes() + b"\n# %d\n" % number for number in range(students)]
    hand_in(folder / "right", exercise.name, sources)
    arguments = ("--exercise", exercise.name, "--public")
    first = batch(folder, "right-results", *arguments, submissions="right")
    known = batch(folder, "right-results", *arguments, submissions="right")
    ours = (first["cpu"] - known["cpu"]) / len(sources)
    print(f"CPU per correct submission: {ours:.2f} s, of a class of {len(sources)} with all that it costs once")
    for name, theirs in (
        ("pytest, a fresh process", fresh_pytest(exercise, folder)),
        ("nbgrader", nbgrader(exercise, folder)),
    ):
        print(f"{name}: {theirs:.1f} s, {theirs / ours:.1f} times ours")


def fresh_pytest(exercise: Exercise, folder: Path) -> float:
    """`pytest exercises/NAME` on the reference."""
    lesson = folder / "tree"
    shutil.copytree(exercise.folder, lesson / "exercises" / exercise.name)
    shutil.copy(exercise.reference, lesson / "exercises" / exercise.name)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if not _is_installed():
        command += ["-p", "grader.checking.plugin"]
    before = cpu_of_children()
    for _ in range(2):
        subprocess.run(
            [*command, f"exercises/{exercise.name}"], cwd=lesson, env=environment, check=True, capture_output=True
        )
    return (cpu_of_children() - before) / 2


def _is_installed() -> bool:
    import importlib.metadata

    return any(entry.value == "grader.checking.plugin" for entry in importlib.metadata.entry_points(group="pytest11"))


# A cell in which a library warns gets no point from nbgrader, whatever it says.
CELL = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path[:0] = {paths!r}
from run import Direct, graded_in_a_notebook
judge = graded_in_a_notebook({root!r}, {name!r})
"""


def nbgrader(exercise: Exercise, folder: Path) -> float:
    """`nbgrader autograde` on a notebook with the reference in a cell and one graded cell per check."""
    import nbformat.v4 as v4
    from nbformat import write

    with Session((exercise,)) as session:
        ids = [collected.check.id for collected in session.checks]
    cells = [
        cell(
            v4, "setup", CELL.format(paths=[str(ROOT), str(Path(__file__).parent)], root=str(ROOT), name=exercise.name)
        ),
        cell(v4, "solution", exercise.reference.read_text(), solution=True),
        *(cell(v4, check_id.replace(".", "-"), f"judge({check_id!r}, globals())", points=1) for check_id in ids),
    ]
    course = folder / "course"
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "python3"}})
    source = course / "source" / "hw" / "hw.ipynb"
    source.parent.mkdir(parents=True)
    write(notebook, str(source))
    students = ("ada", "bob")
    for student in students:
        place = course / "submitted" / student / "hw"
        place.mkdir(parents=True)
        write(notebook, str(place / "hw.ipynb"))
    run_nbgrader(course, "generate_assignment", "hw", "--create")
    before = cpu_of_children()
    run_nbgrader(course, "autograde", "hw", "--create", *PATIENCE)
    used = (cpu_of_children() - before) / len(students)
    run_nbgrader(course, "export")
    with (course / "grades.csv").open() as file:
        marks = [(float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)]
    # A cell that breaks early is cheap: the time counts only where every cell gave its point.
    assert marks == [(len(ids), len(ids))] * len(students), f"nbgrader gave {marks}"
    print(f"nbgrader gave each of {len(students)} correct submissions {len(ids)} of {len(ids)} points")
    return used


PATIENCE = ("--ExecutePreprocessor.timeout=600", "--ExecutePreprocessor.iopub_timeout=600")
"""For a busy machine: a cell that is given up costs little, and every cell after it less."""


def run_nbgrader(course: Path, *arguments: str) -> None:
    """One of its commands; it looks for others of its environment on the path."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", *arguments, f"--CourseDirectory.root={course}"]
    subprocess.run(command, cwd=course, env=environment, check=True, capture_output=True)


def cell(v4: Any, name: str, source: str, *, solution: bool = False, points: int = 0) -> Any:
    """A code cell with nbgrader's metadata."""
    meta = {
        "schema_version": 3,
        "grade_id": name,
        "solution": solution,
        "grade": points > 0,
        "locked": not solution,
        "task": False,
    }
    return v4.new_code_cell(source, metadata={"nbgrader": meta | ({"points": points} if points else {})})


if __name__ == "__main__":
    main()
