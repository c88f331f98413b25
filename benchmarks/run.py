"""Measures what the README says about speed: ratios within one run, medians of five, on the reference solution.

    python benchmarks/run.py [EXERCISE ...]

cold     `grader check EXERCISE` against the bare import of what it needs; wall clock, the two taking turns.
warm     CPU of grading one more submission in a warm session, against the CPU of the same probes and comparisons
         called directly in one process. Oracle replies are computed once per seed, so the direct figure is given
         with and without them.
failing  the same for a submission that fails every check by value, against the passing one.
fork     from asking for a worker to its first answer.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from grader.catalog import Exercise, read_catalog
from grader.checking.cases import SEED
from grader.checking.check import check_of, parameters_of
from grader.checking.collecting import collect
from grader.checking.grading import Bench, seed_of, served
from grader.checking.implementation import Observations, sendable
from grader.checking.inputs import Inputs
from grader.grade import DEFAULT_SEED, Session
from grader.wire import Message, Value, encode
from grader.worker.host import Order, Worker, launch
from grader.worker.limits import Limits

ROOT = Path(__file__).parents[1]
ROUNDS = 5
PER_ROUND = 4
IMPORTS = "import torch; from transformers import GPT2LMHeadModel; import peft"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print one line per figure."""
    for exercise in read_catalog(ROOT).select(tuple(sys.argv[1:])):
        cold(exercise)
        warm(exercise)
        fork(exercise)


def cold(exercise: Exercise) -> None:
    """Wall clock of whole processes."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    grade = ["-m", "grader", "check", exercise.name, "--submission", str(exercise.solutions), "--json", os.devnull]
    commands = {"check": [sys.executable, *grade], "import": [sys.executable, "-c", IMPORTS]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):
        for name, command in commands.items():
            started = time.monotonic()
            subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.monotonic() - started)
    ratios = [check / floor for check, floor in zip(seconds["check"], seconds["import"], strict=True)]
    # The first round warms the disk cache.
    tell(
        exercise.name,
        "cold check / import",
        ratios[1:],
        f"import takes {statistics.median(seconds['import'][1:]):.1f} s",
    )


def warm(exercise: Exercise) -> None:
    """CPU per submission, of the grader and its workers together."""
    right = {exercise.name: exercise.reference.read_bytes()}
    # Every probe answers, and every tensor it returns is off: each check has to look for its smallest case.
    wrong = {exercise.name: right[exercise.name] + DRIFT}
    with Session((exercise,)) as session:
        passing = cpu_rounds(lambda: grade_repeatedly(session, right), session.bench)
        failing = cpu_rounds(lambda: grade_repeatedly(session, wrong), session.bench)
        bodies = [collected.body for collected in session.checks]
        direct = Direct(exercise, session.bench, bodies)
    with_oracle = cpu_rounds(lambda: [direct.run(oracle=True) for _ in range(PER_ROUND)])
    without = cpu_rounds(lambda: [direct.run(oracle=False) for _ in range(PER_ROUND)])
    note = f"{statistics.median(passing):.2f} s of CPU per submission"
    tell(exercise.name, "warm / direct with the oracle", pairwise(passing, with_oracle), note)
    tell(exercise.name, "warm / direct without the oracle", pairwise(passing, without), "")
    tell(exercise.name, "failing / passing", pairwise(failing, passing), "")


def fork(exercise: Exercise) -> None:
    """Milliseconds from asking for a worker to the answer to its first message."""
    source = exercise.reference.read_bytes()
    launcher = launch((served(exercise),))
    times: dict[str, list[float]] = {"started": [], "loaded": []}
    for _ in range(21):
        started = time.monotonic()
        worker = Worker(launcher, Order(exercise.name, Limits()))
        times["started"].append(1000 * (time.monotonic() - started))
        worker.load(exercise.name, source)
        times["loaded"].append(1000 * (time.monotonic() - started))
        worker.close()
    launcher.close()
    for name, figures in times.items():
        print(f"{exercise.name:<10} a forked worker has {name}: median {statistics.median(figures[1:]):.1f} ms")


DRIFT = b"""

import torch as _torch

class _Drift(_torch.overrides.TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        return result * 1.001 if function is _torch.Tensor.matmul or function is _torch.nn.functional.linear else result

_Drift().__enter__()
"""


class Direct:
    """The checks' bodies, run on their cases by plain calls of probes in this process."""

    def __init__(self, exercise: Exercise, bench: Bench, bodies: list[Callable[..., None]]) -> None:
        from grader.worker import main as worker
        from grader.worker.loading import load_implementation

        name = exercise.name
        known = {"warm": exercise.config.warm, "framework": exercise.config.framework, "probes": str(exercise.probes)}
        probes = worker.warm_up({name: known | {"forbidden": ()}})[name]  # the oracle is in this process, too
        self._probes, self._name = probes, name
        self._student = InProcess(probes, load_implementation(name, exercise.reference.read_bytes()))
        self._oracle = InProcess(probes, load_implementation("oracle", exercise.oracle.read_bytes()))
        self._work = []
        for body in bodies:
            check = check_of(body)
            seed = seed_of(DEFAULT_SEED, check.id) if check else 0
            self._work.append((body, seed, bench.cases(check, body, seed) if check else []))

    def run(self, *, oracle: bool) -> None:
        """All checks, with the oracle's replies computed afresh or kept from an earlier run."""
        if oracle:
            self._oracle.forget()
        for body, seed, cases in self._work:
            for case in cases:
                self._try(self._student, body, seed, case)
                self._student.forget()

    def judge(self, source: bytes) -> None:
        """All checks on another submission, each until its first failing case."""
        from grader.worker.loading import load_implementation

        try:
            self.judge_module(load_implementation(self._name, source), [body for body, _, _ in self._work])
        except Exception:
            return

    def judge_module(self, module: Any, bodies: list[Callable[..., None]]) -> bool:
        """Some checks on an implementation; whether all pass."""
        student, passed = InProcess(self._probes, module), True
        for body, seed, cases in self._work:
            if body in bodies:
                try:
                    for case in cases:
                        self._try(student, body, seed, case)
                        student.forget()
                except Exception:
                    passed = False
        return passed

    def _try(self, student: "InProcess", body: Callable[..., None], seed: int, case: Mapping[str, Any]) -> None:
        inputs = Inputs(seed, case.get(SEED, 0))
        student.seed = self._oracle.seed = seed
        known = {"student": student, "oracle": self._oracle, "inputs": inputs} | case
        body(**{name: known[name] for name in parameters_of(body)})


def graded_in_a_notebook(root: str, name: str) -> Callable[[str, dict[str, Any]], float]:
    """What a course without this grader would call in the cells of its notebook: one check on what they define."""
    (exercise,) = read_catalog(Path(root)).select((name,))
    checks = collect((exercise,), hidden=False)
    with contextlib.closing(Bench((exercise,))) as bench:
        direct = Direct(exercise, bench, [collected.body for collected in checks])
    bodies = {collected.check.id: collected.body for collected in checks}

    def judge(check_id: str, cells: dict[str, Any]) -> float:
        return float(direct.judge_module(SimpleNamespace(**cells), [bodies[check_id]]))

    return judge


class InProcess:
    """Answers like grader.checking.Implementation, by calling the probe."""

    def __init__(self, probes: Any, implementation: Any) -> None:
        from grader.worker.arrays import TorchFramework

        self._probes, self._implementation, self._framework = probes, implementation, TorchFramework()
        self._known: dict[bytes, Observations] = {}
        self.seed = 0

    def ask(self, probe: str, **given: Any) -> Observations:
        """Run the probe beside this implementation."""
        question = {
            "probe": probe,
            "seed": self.seed,
            "given": {name: sendable(value) for name, value in given.items()},
        }
        key = encode(Message("ask", 0, question))
        if key not in self._known:
            self._known[key] = Observations(self._call(probe, given), missing)
        return self._known[key]

    def must_raise(self, type_name: str, probe: str, **given: Any) -> None:
        """Run a probe that is to raise."""
        try:
            self._call(probe, given)
        except Exception as error:
            if type_name in [base.__name__ for base in type(error).__mro__]:
                return
        raise AssertionError(f"{probe} did not raise {type_name}")

    def forget(self) -> None:
        """Compute every reply anew."""
        self._known.clear()

    def _call(self, probe: str, given: Mapping[str, Any]) -> dict[str, Value]:
        from grader.worker.arrays import arguments, observe

        self._framework.seed(self.seed)
        values = arguments(self._framework, {name: sendable(value) for name, value in given.items()})
        seen = getattr(self._probes, probe)(self._implementation, **values)
        return cast(dict[str, Value], observe(self._framework, seen))


def missing(name: str) -> Any:
    """Stop: the reference reports everything."""
    raise KeyError(name)


def grade_repeatedly(session: Session, sources: Mapping[str, bytes]) -> None:
    """One round's submissions."""
    for _ in range(PER_ROUND):
        session.grade(sources)


def cpu_rounds(act: Callable[[], object], bench: Bench | None = None) -> list[float]:
    """CPU seconds per submission of each round, after one that is not counted."""
    rounds = []
    for _ in range(ROUNDS + 1):
        before = cpu_seconds(bench)
        act()
        rounds.append((cpu_seconds(bench) - before) / PER_ROUND)
    return rounds[1:]


def cpu_seconds(bench: Bench | None) -> float:
    """CPU used so far by this process, the zygote and its workers, dead and alive."""
    if bench is None:
        return time.process_time()
    parent = bench.launcher._process.pid  # type: ignore[attr-defined]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return time.process_time() + sum(_cpu_of(pid) for pid in [parent, *map(int, children)])


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS  # own user and system time, and that of reaped children


def pairwise(above: list[float], below: list[float]) -> list[float]:
    """Ratios round by round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def tell(exercise: str, name: str, ratios: list[float], note: str) -> None:
    """One line: the median ratio and how far the rounds lie apart."""
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"{exercise:<10} {name}: median {statistics.median(ratios):.2f} ({spread}) {note}".rstrip())


if __name__ == "__main__":
    main()
