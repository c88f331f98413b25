"""Grades attacks as submissions and prints what came of them as JSON: `driver.py [--unjailed] EXERCISE [NAME...]`.

Each is graded next to another submission in the making, a solution, and a file that it could write: copies made for
the purpose, with secrets in them, so that what is told, changed or left is seen.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parents[1]
REPOSITORY = TESTS.parent
sys.path[:0] = [str(REPOSITORY), str(TESTS)]

from jail.attacks import Attack, read_attacks

from grader.catalog import read_catalog
from grader.checking.grading import Grading
from grader.checking.implementation import Implementation, Observations
from grader.grade import DEFAULT_SEED, Session, report_of
from grader.report import Report
from grader.salt import NO_SALT, Salt
from grader.verdict import Verdict
from grader.wire import Tensor
from grader.worker import watch

LESSONS = {"vectors": TESTS / "lessons/vectors"}
"""where an exercise lies that is not one of the repository's own"""
CANARY = "canary-of-"
LEFT_BEHIND = f"left-behind-by-{os.getpid()}"
OPEN_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/")
HIDDEN_WORDS = re.compile(r"failed on a hidden case \([a-zA-Z ]*\)|builds on .*|not started|")
FORGED = re.compile(r"^(total\b| {4}[+x!.-] )|[^\n\x20-\x7e\xa0-\u2027\u2030-\ufffd]", re.M)
"""in a message: lines that could pass for the report's own, and characters that are not to be seen"""
# What a careful author might need: files, threads, and a library that nobody has imported yet.
HONEST = """
import os, tempfile, threading, wave
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "a").write_text("a")
    os.replace(Path(folder, "a"), "b")
thread = threading.Thread(target=os.urandom, args=(1,))
thread.start()
thread.join()
"""


class Recorder(Implementation):
    """Answers as it is, and keeps what it was asked and what it answered."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.table: list[tuple[str, object]] = []

    def ask(self, probe: str, **arguments: Any) -> Observations:
        seen = super().ask(probe, **arguments)
        values = [value.tolist() if isinstance(value, np.ndarray) else value for value in arguments.values()]
        answers = [value.values.tolist() if isinstance(value, Tensor) else value for value in seen.values()]
        if len(repr(values)) < 500:
            self.table.append((repr(tuple(values) if len(values) > 1 else values[0]), answers[0]))
        return seen


class Scene:
    """A lesson with its secrets, and one submission in the making beside which attacks are graded."""

    def __init__(self, exercise: str, folder: Path, *, unjailed: bool) -> None:
        self.lesson, self._folder = _copy_lesson(exercise, folder), folder
        [self.exercise] = read_catalog(self.lesson).select((exercise,))
        self.reference = self.exercise.reference.read_bytes()
        self.stub = self.exercise.stub.read_bytes()
        for path in (self.exercise.reference, self.exercise.hidden_checks):
            path.write_text(f"{path.read_text()}\n# {CANARY}{path.stem}\n")
        self._other = folder / "other.py"
        self._other.write_text(f"{self.reference.decode()}\nSECRET = '{CANARY}another-submission'\n")
        self._victim = folder / "victim"
        self._victim.write_text("precious\n")
        self._victim.chmod(0o666)
        os.environ["SECRET"] = f"{CANARY}grader"
        workers = folder / "workers"
        workers.mkdir()
        tempfile.tempdir = str(workers)
        salt = NO_SALT if unjailed else Salt(os.urandom(16))
        self.session = Session(
            (self.exercise,), full=True, allow_unjailed=unjailed, unreadable=[self._other], salt=salt
        )
        self._neighbour = self.session.bench.student(self.exercise, self._other.read_bytes())
        self._neighbour.held.ready()
        self._table: list[tuple[str, object]] = []
        self.control = self._record()
        self._before = self._state()

    def _record(self) -> Report:
        """The report on the reference, while all answers to small inputs are written down for those who repeat them."""
        recorder = Recorder(
            self.session.bench.student(self.exercise, self.reference).source,
            self.session.bench.launcher,
            self.exercise.name,
        )
        # Without the secret: whoever has only this source code can know no more.
        grading = Grading(self.session.bench, {self.exercise.name: recorder}, DEFAULT_SEED, NO_SALT)
        for found in self.session.checks:
            grading.run(found.exercise, found.body, hidden=found.hidden)
        grading.close()
        self._table = recorder.table
        return report_of((self.exercise,), grading.judged.values(), DEFAULT_SEED, grading.isolation, full=True, salt="")

    def close(self) -> None:
        """End all processes, and remove what got out where nothing held it."""
        self._neighbour.close()
        self.session.close()
        for folder in OPEN_FOLDERS:
            Path(folder, LEFT_BEHIND).unlink(missing_ok=True)

    def submission(self, attack: Attack) -> bytes:
        """The file that is handed in to carry out an attack."""
        neighbour = watch.process_of(self._neighbour.held.ready()._process.handle)
        zygote = self.session.bench.launcher._process.pid
        targets = {
            "solution": str(self.exercise.reference),
            "submission": str(self._other),
            "victim": str(self._victim),
            "processes": [os.getpid(), zygote, neighbour],
            "mark": LEFT_BEHIND,
            "table": self._table,
        }
        return attack.submission(targets, self.reference.decode()).encode()

    def faults(self, report: Report) -> list[str]:
        """What an attack achieved, judged by its report and by what it left; nothing if it was held."""
        found = [f"{report.score:g} of {report.max_score:g} points"] if report.score else []
        found += [f"broken: {check.id}" for check in report.checks if check.verdict is Verdict.BROKEN]
        found += [f"{check.id} says too much" for check in report.checks if len(check.message) > 8000]
        found += [f"{check.id} hides or forges lines" for check in report.checks if FORGED.search(check.message)]
        found += [f"{check.id} tells a secret" for check in report.checks if CANARY in check.message]
        hidden = [check for check in report.checks if check.hidden]
        found += [
            f"{check.id} tells more than its kind" for check in hidden if not HIDDEN_WORDS.fullmatch(check.message)
        ]
        state = self._state()
        found += [f"left or changed: {name}" for name, value in self._before.items() if state[name] != value]
        self._before = state
        return found

    def alive(self) -> bool:
        """Whether a right submission still gets full marks."""
        again = self.session.grade({self.exercise.name: self.reference})
        return again.score == again.max_score

    def _state(self) -> dict[str, object]:
        """What no attack may change."""
        return {
            "another submission": watch.process_of(self._neighbour.held.ready()._process.handle),
            "processes": len(_descendants(os.getpid())),
            "scratch folders": len(os.listdir(tempfile.gettempdir())),
            "files outside": [name for folder in OPEN_FOLDERS for name in os.listdir(folder) if LEFT_BEHIND in name],
            "the lesson": dict(_files(self.lesson)),
            "files of others": dict(_files(self._folder, deep=False)),
        }


def _copy_lesson(exercise: str, folder: Path) -> Path:
    source, lesson = LESSONS.get(exercise, REPOSITORY), folder / "lesson"
    for side in ("exercises", "solutions"):
        ignored = shutil.ignore_patterns("accepted", "wrong", "__pycache__")
        shutil.copytree(source / side / exercise, lesson / side / exercise, ignore=ignored)
    return lesson


def _files(folder: Path, *, deep: bool = True) -> Iterator[tuple[str, object]]:
    for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if (deep and "__pycache__" not in path.parts) or path.is_file():
            yield str(path), (status.st_mode, status.st_uid, content)


def _descendants(process: int) -> set[int]:
    """Every process that comes from this one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, fresh = set(), {process}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def main() -> None:
    """Print the isolation, whether the grader is as it was, and the points and faults of each attack."""
    unjailed = "--unjailed" in sys.argv
    exercise, *names = [word for word in sys.argv[1:] if not word.startswith("--")]
    attacks = [
        attack for attack in read_attacks() if attack.exercise == exercise and attack.name in (names or [attack.name])
    ]
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(exercise, Path(folder).resolve(), unjailed=unjailed)
        try:
            scores = {"reference": scene.control.score}
            sources = {"stub": scene.stub, "honest": HONEST.encode() + scene.reference}
            sources |= {attack.name: scene.submission(attack) for attack in attacks}
            faults: dict[str, list[str]] = {}
            for name, source in sources.items():
                report = scene.session.grade({exercise: source})
                scores[name] = report.score
                faults[name] = scene.faults(report)
            outcome = {
                "isolation": scene.control.isolation,
                "max_score": scene.control.max_score,
                "alive": scene.alive(),
                "scores": {name: scores[name] for name in ("reference", "stub", "honest")},
                "attacks": {
                    attack.name: {"score": scores[attack.name], "faults": faults[attack.name]} for attack in attacks
                },
            }
        finally:
            scene.close()
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
