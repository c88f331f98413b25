"""Grades what a submission earns on a GPU, beside a report that is finished: nothing here can move its score."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from grader.catalog import Exercise
from grader.checking.check import Check
from grader.checking.collecting import Collected, collect
from grader.checking.contest import Contest
from grader.checking.grading import Bench, Grading, served
from grader.errors import BrokenError
from grader.gpu.lock import alone_on
from grader.gpu.presence import Gpu, memory_used
from grader.report import GpuFacts, Judged, Report, with_bonus
from grader.salt import NO_SALT, Salt
from grader.verdict import Verdict
from grader.worker.gpu_host import Drive, GpuLauncher
from grader.worker.isolation import Isolation, weakest

LIMITS = {"load_s": 60.0, "call_s": 60.0, "total_s": 600.0, "memory_mib": 8192, "open_files": 256}
"""What a worker on a GPU may use at least: its driver maps memory, and opens files, of its own."""


class OnGpu(Exercise):
    """An exercise as its checks on a GPU see it: with probes and checks of their own."""

    @classmethod
    def of(cls, exercise: Exercise) -> "OnGpu":
        config = exercise.config
        limits = replace(
            config.limits, **{name: max(most, getattr(config.limits, name)) for name, most in LIMITS.items()}
        )
        # What these checks build on is in the report that they are graded beside.
        tasks = tuple(msgspec.structs.replace(task, needs=()) for task in config.tasks)
        return cls(
            exercise.name,
            exercise.folder,
            exercise.solutions,
            msgspec.structs.replace(config, limits=limits, tasks=tasks),
        )

    @property
    def probes(self) -> Path:
        return self.gpu_probes

    @property
    def public_checks(self) -> Path:
        return self.gpu_checks

    @property
    def hidden_checks(self) -> Path:
        return self.hidden_gpu_checks


class GpuBench(Bench):
    """A bench whose workers reach a GPU."""

    def __init__(
        self,
        exercises: tuple[Exercise, ...],
        drive: Drive,
        contest: Contest,
        unreadable: Iterable[Path],
        *,
        jailed: bool,
    ) -> None:
        super().__init__(exercises, unreadable=unreadable, needs_jail=jailed)
        launcher = GpuLauncher(tuple(map(served, exercises)), drive)
        self._launcher = launcher
        self.contest = replace(contest, settle=launcher.settle)


@dataclass(frozen=True)
class Means:
    """What checks on a GPU are graded with."""

    gpu: Gpu
    drive: Drive
    contest: Contest

    @classmethod
    def of(cls, gpu: Gpu, library_path: str = "") -> "Means":
        variables = {"CUDA_VISIBLE_DEVICES": gpu.uuid, "CUDA_CACHE_DISABLE": "1"}
        return cls(gpu, Drive(variables, gpu.devices, library_path), Contest(lambda: memory_used(gpu.uuid)))


@dataclass(frozen=True)
class Wanted:
    """What is to be graded, and how strictly: as for the report beside which it stands."""

    exercises: Sequence[Exercise]
    sources: Mapping[str, bytes]
    seed: int
    full: bool = False
    salt: Salt = NO_SALT
    allow_unjailed: bool = False
    unreadable: tuple[Path, ...] = ()


def has_checks(exercise: Exercise) -> bool:
    """Whether there is anything to earn on a GPU."""
    return exercise.gpu_checks.is_file()


def with_gpu_checks(
    report: Report, wanted: Wanted, means: Means | str, say: Callable[[str], None] = lambda _: None
) -> Report:
    """The report with what the submission earns on a GPU; `means` may be the reason why there is none.

    `say` hears what is measured next: it takes minutes, and may have to wait for other graders.
    """
    exercises = tuple(OnGpu.of(exercise) for exercise in wanted.exercises if has_checks(exercise))
    checks = [found for exercise in exercises for found in _collected(exercise, hidden=wanted.full)]
    if isinstance(means, str) or not checks:
        return with_bonus(report, [_skipped(found, str(means)) for found in checks], None, report.isolation)
    jailed = wanted.full and not wanted.allow_unjailed
    bench = GpuBench(exercises, means.drive, means.contest, wanted.unreadable, jailed=jailed)
    with contextlib.closing(bench):
        unmet = {found.check.task: _unmet(report, found.check) for found in checks}
        why = "" if all(unmet.values()) else trouble(bench, jailed=jailed)
        if why:
            return with_bonus(report, [_skipped(found, why) for found in checks], None, report.isolation)
        judged, isolations = [], [Isolation(report.isolation)]
        for found in checks:
            if reason := unmet[found.check.task]:
                judged.append(_skipped(found, reason))
                continue
            say(f"measuring {found.check.id} on {means.gpu.name}")
            with alone_on(means.gpu.uuid), _graded(bench, found, wanted) as grading:
                judged.append(grading.run(found.exercise, found.body, hidden=found.hidden))
                isolations.append(grading.isolation)
    measured_on = None if all(unmet.values()) else _facts(means.gpu)
    return with_bonus(report, judged, measured_on, weakest(isolations))


@contextlib.contextmanager
def _graded(bench: GpuBench, found: Collected, wanted: Wanted) -> Iterator[Grading]:
    """A grading of one check: none builds on another, and each has a worker that no other has seen."""
    student = bench.student(found.exercise, wanted.sources.get(found.exercise.name))
    with contextlib.closing(Grading(bench, {found.exercise.name: student}, wanted.seed, wanted.salt)) as grading:
        yield grading


def _collected(exercise: Exercise, *, hidden: bool) -> list[Collected]:
    return collect((exercise,), hidden=hidden and exercise.hidden_checks.is_file())


def trouble(bench: Bench, *, jailed: bool) -> str:
    """Why nothing can be graded on this GPU, learnt from a worker that is started for this alone."""
    try:
        confinement = bench.confinement()
    except BrokenError as error:
        return f"the GPU cannot be used here: {error}"
    if jailed and confinement.isolation is Isolation.NONE:
        return f"submissions are not confined on the GPU ({confinement.why}); --allow-unjailed grades all the same"
    return ""


def _unmet(report: Report, check: Check) -> str:
    """Why a check makes no sense yet: its task has to be right first. Empty if it is."""
    verdicts = {other.verdict for other in report.checks if other.task == check.task} - {Verdict.PASS, Verdict.BROKEN}
    if not verdicts:
        return ""
    return f"builds on {check.task}, which {'is not started' if verdicts == {Verdict.TODO} else 'does not pass yet'}"


def _skipped(found: Collected, why: str) -> Judged:
    check = found.check
    return Judged(check.id, check.task, check.title, check.points, found.hidden, Verdict.SKIPPED, why, check.hint, 0.0)


def _facts(gpu: Gpu) -> GpuFacts:
    return GpuFacts(gpu.name, gpu.driver, gpu.torch.version, gpu.torch.cuda, gpu.clocks)
