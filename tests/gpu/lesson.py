"""A lesson with checks on a GPU, and the means to grade them without one: the same way, on a device that is none."""

import contextlib
import time
from collections.abc import Callable, Container
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from grader.catalog import Exercise, read_catalog
from grader.checking.collecting import collect
from grader.checking.contest import Contest
from grader.checking.grading import Grading
from grader.gpu.grading import GpuBench, Means, OnGpu, Wanted, with_gpu_checks
from grader.gpu.presence import Gpu, Torch
from grader.grade import Session
from grader.report import CheckResult, Judged, Report
from grader.worker.gpu_host import Drive

HERE = Path(__file__).parent
PROBES = '''
"""What is asked of an implementation on a GPU."""

import time

STEP_S = 0.006


def slowly(impl, device, seed, n):
    """`scaled(x, 3.0)` of a long vector"""
    weights = device.noise(seed, n)

    def step(x, pause):
        time.sleep(STEP_S)
        return impl.scaled(x, 3.0) * weights

    return lambda one: (device.noise(one, n), None), step
'''
CHECKS = '''
"""Checks on a GPU."""

from grader.checking import check, that


@check("vectors.1.gpu_time", points=2, title="scaling takes no longer than the library's", hint="multiply once")
def test_time(student, oracle, gpu):
    gpu.time(student, oracle, "slowly", at_most=1.5, rtol=1e-9, than="the library's", n=500)


@check("vectors.1.gpu_memory", points=1, title="scaling keeps one copy", hint="how many copies are there?")
def test_memory(student, oracle, gpu):
    theirs, ours = gpu.peaks(student, oracle, "slowly", rtol=1e-9, n=100_000)
    that(theirs <= 1.5 * ours, expected=f"at most {1.5 * ours:.0f} bytes", seen=f"{theirs}", what="the peak")
'''
GPU = Gpu("GPU-0", "Stand-in", "0.0", 0, "no clock", Torch("0", "0"), ())
ENOUGH = """def scaled(x, factor):
    return x * factor


def mean(x):
    if not len(x):
        raise ValueError("the mean of nothing")
    return float(x.sum() / len(x))
"""


def with_checks(root: Path) -> Exercise:
    """The exercise of a lesson, once it has checks on a GPU."""
    folder = root / "exercises/vectors"
    (folder / "gpu_probes.py").write_text(PROBES.lstrip())
    (folder / "gpu_checks.py").write_text(CHECKS.lstrip())
    (exercise,) = read_catalog(root).exercises
    return exercise


def means(
    used: Callable[[], int | None] = lambda: 0,
    clock: Callable[[], float] = time.perf_counter,
    devices: tuple[str, ...] = (),
    layer: str = "numpy_device.py",
    tries: int = 3,
) -> Means:
    drive = Drive({"CUDA_VISIBLE_DEVICES": GPU.uuid}, devices, "", HERE / layer)
    return Means(GPU, drive, Contest(used, clock, tries=tries))


TURNS = 8
"""On a machine where much else runs: until the clock is calm enough."""


def graded(exercise: Exercise, source: str, how: Means | str | None = None, *, full: bool = False) -> Report:
    """The report on a submission, with what it earned on the device."""
    sources = {exercise.name: source.encode()}
    with Session((exercise,), full=full) as session:
        report = session.grade(sources)
    for _ in range(TURNS):
        found = with_gpu_checks(report, Wanted((exercise,), sources, 0, full), means() if how is None else how)
        if how is not None or not any("too noisy" in check.message for check in bonus(found).values()):
            break
    return found


def bonus(report: Report) -> dict[str, CheckResult]:
    """The checks on a GPU by their names."""
    return {check.id.split(".")[-1]: check for exercise in report.exercises for check in exercise.bonus_checks}


def judged(exercise: Exercise, source: bytes, names: Container[str] | None = None) -> dict[str, Judged]:
    """What these checks on a GPU say of a source on the CPU in its place, whatever other checks say."""
    how = means(layer="cpu_device.py")
    contest = replace(how.contest, rounds=2, repeats=3, tries=1, draw=partial(Random(0).getrandbits, 60))
    exercise = OnGpu.of(exercise)
    found: dict[str, Judged] = {}
    with contextlib.closing(GpuBench((exercise,), how.drive, contest, (), jailed=False)) as bench:
        for collected in collect((exercise,), hidden=exercise.hidden_checks.is_file()):
            if names is None or collected.check.id in names:
                student = bench.student(exercise, source)
                with contextlib.closing(Grading(bench, {exercise.name: student}, 0)) as grading:
                    found[collected.check.id] = grading.run(exercise, collected.body, hidden=collected.hidden)
    return found
