"""Checks on a GPU from end to end, on a device that is none (`gpu/numpy_device.py`): spawned, jailed, timed, verified.

What a GPU itself does is not shown here (see `content/test_gpu.py`). All around it is: selection, skipping, turns,
verdicts, reports, and that tricks which speed scores invite earn nothing.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import pytest
from gpu import lesson as gpu

from grader.audit.examine import audited_digest
from grader.catalog import read_catalog
from grader.checking.grading import served
from grader.errors import BrokenError
from grader.gpu.grading import Means, OnGpu, Wanted, trouble, with_gpu_checks
from grader.gpu.lock import alone_on
from grader.gpu.presence import installed_torch
from grader.grade import Session
from grader.report import GpuFacts
from grader.verdict import Verdict
from grader.worker.gpu_host import GpuLauncher
from grader.worker.host import Order, Worker
from grader.worker.isolation import Confinement
from grader.worker.jail import landlock, seccomp
from grader.writers import terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="GPU checks need Linux, which is said in one line")

ATTACKS = sorted((Path(__file__).parent / "gpu/attacks").glob("*.py"))
SLOW = gpu.ENOUGH.replace("return x * factor", "__import__('time').sleep(0.01); return x * factor")
HUNGRY = gpu.ENOUGH.replace("return x * factor", "return __import__('numpy').tile(x, 9)[: len(x)] * factor")
WHY = "no NVIDIA GPU was found: `nvidia-smi` is not there"


@pytest.fixture
def exercise(lesson):
    return gpu.with_checks(lesson.root)


def children() -> set[str]:
    """The numbers of the processes below this one."""
    return {number for task in Path("/proc/self/task").iterdir() for number in (task / "children").read_text().split()}


def children_s_memory() -> int:
    """Bytes that the processes below this one hold: what a driver says of a GPU's memory, in this play."""
    held = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            continue
        if int(fields["PPid"]) == os.getpid():
            held += int(fields.get("RssAnon", "0").split()[0]) * 1024
    return held


def test_full_bonus_beside_an_unmoved_score(exercise) -> None:
    report = gpu.graded(exercise, gpu.ENOUGH)
    assert (report.score, report.max_score, report.bonus, report.max_bonus) == (6, 6, 3, 3)
    assert [check.verdict for check in gpu.bonus(report).values()] == [Verdict.PASS] * 2
    assert report.gpu == GpuFacts("Stand-in", "0.0", "0", "0", "no clock")
    assert not any("gpu" in check.id for check in report.checks)


def test_what_takes_minutes_is_said(exercise) -> None:
    sources: dict[str, bytes] = {exercise.name: gpu.ENOUGH.encode()}
    said: list[str] = []
    with Session((exercise,)) as session:
        report = session.grade(sources)
    with_gpu_checks(report, Wanted((exercise,), sources, 0), gpu.means(), said.append)
    assert said == ["measuring vectors.1.gpu_time on Stand-in", "measuring vectors.1.gpu_memory on Stand-in"]


@pytest.mark.skipif(not (landlock.version() and seccomp.supported()), reason="this kernel has not what confines here")
def test_submission_is_confined(exercise) -> None:
    assert gpu.graded(exercise, gpu.ENOUGH, full=True).isolation == "strong"


@pytest.mark.parametrize(
    ("source", "lost", "says"),
    [(SLOW, "gpu_time", "a step takes too long"), (HUNGRY, "gpu_memory", "the peak is not as expected")],
)
def test_slow_and_hungry_lose_exactly_their_checks(exercise, source: str, lost: str, says: str) -> None:
    report = gpu.graded(exercise, source)
    verdicts = {name: check.verdict for name, check in gpu.bonus(report).items()}
    assert verdicts == dict.fromkeys(verdicts, Verdict.PASS) | {lost: Verdict.FAIL}
    assert (report.score, gpu.bonus(report)[lost].score) == (6, 0)
    assert gpu.bonus(report)[lost].message.splitlines()[0] == says


def test_message_tells_times_and_noise(exercise) -> None:
    message = gpu.bonus(gpu.graded(exercise, SLOW))["gpu_time"].message
    assert re.search(
        r"called    `scaled\(x, 3.0\)` of a long vector\nwith      n = 500\n"
        r"expected  at most 1.5 times the library's: \d+\.?\d* ms\nsaw       \d\.\d\d times: \d+\.?\d* ms\n"
        r"note      ours took \d\.?\d* ms, and differed by \d+\.\d % between two runs",
        message,
    )


def test_fast_and_wrong_earns_nothing(exercise) -> None:
    """Right in the checks on the CPU, which send short vectors, and wrong where it is timed."""
    source = gpu.ENOUGH.replace("return x * factor", "return x * factor if len(x) < 100 else x")
    report = gpu.graded(exercise, source)
    assert (report.score, report.bonus) == (6, 0)
    assert "what a timed step computed has the wrong value" in gpu.bonus(report)["gpu_time"].message


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: path.stem)
def test_trick_earns_nothing(exercise, attack: Path) -> None:
    """Times and memory are invented, answers are cached or late: each is found by the answer or by our own meters."""
    caught = attack.read_text().splitlines()[1].removeprefix("# caught: ")
    how = gpu.means(children_s_memory, tries=1) if attack.stem == "hidden_memory" else None
    report = gpu.graded(exercise, gpu.ENOUGH + "\n\n" + attack.read_text(), how)
    found = gpu.bonus(report)
    name = "gpu_memory" if attack.stem == "hidden_memory" else "gpu_time"
    assert report.max_bonus == 3
    if caught.startswith("nothing"):
        assert found[name].verdict is Verdict.PASS
    else:
        unmet = found[name].message.startswith("builds on")  # the checks on the CPU have found it already
        assert (found[name].verdict, found[name].kind) == ((Verdict.SKIPPED, "") if unmet else (Verdict.FAIL, caught))
    if caught == "shape":
        assert found[name].message.startswith("the steps did not give one answer each")
    if caught == "unfit":
        assert re.search("do not fit how long it took|does not fit what the device used|cannot be", found[name].message)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (gpu.ENOUGH.replace("x * factor", "x + factor"), "builds on vectors.1, which does not pass yet"),
        (
            "def scaled(x, factor):\n    raise NotImplementedError('vectors.1')\n",
            "builds on vectors.1, which is not started",
        ),
    ],
)
def test_what_is_not_right_is_not_timed(exercise, source: str, why: str) -> None:
    report = gpu.graded(exercise, source)
    assert {(check.verdict, check.message) for check in gpu.bonus(report).values()} == {(Verdict.SKIPPED, why)}


def test_noise_is_no_failure(exercise) -> None:
    ticks = iter(range(10**6))
    uneven = iter([n * n % 17 for n in range(10**6)])
    report = gpu.graded(exercise, SLOW, gpu.means(clock=lambda: next(ticks) * 0.05 + next(uneven), tries=1))
    check = gpu.bonus(report)["gpu_time"]
    assert (check.verdict, check.message.split(":")[0]) == (Verdict.SKIPPED, "the clock is too noisy here to judge")


def test_memory_that_nobody_can_read_is_not_judged(exercise) -> None:
    check = gpu.bonus(gpu.graded(exercise, HUNGRY, gpu.means(lambda: None)))["gpu_memory"]
    assert check.verdict is Verdict.SKIPPED
    assert check.message == "the driver does not say how much of the device's memory is used"


def test_without_a_gpu_all_is_skipped_with_the_reason(exercise) -> None:
    report = gpu.graded(exercise, gpu.ENOUGH, WHY)
    assert (report.score, report.bonus, report.max_bonus, report.gpu) == (6, 0, 3, None)
    assert {(check.verdict, check.message) for check in gpu.bonus(report).values()} == {(Verdict.SKIPPED, WHY)}


def test_device_that_cannot_be_opened_is_a_reason(exercise) -> None:
    report = gpu.graded(exercise, gpu.ENOUGH, gpu.means(layer="no_device.py"))
    (message,) = {check.message for check in gpu.bonus(report).values()}
    assert message.startswith("the GPU cannot be used here: ")
    assert "no CUDA-capable device is detected" in message


def test_worker_that_ends_while_it_imports_is_a_reason(exercise) -> None:
    exercise.gpu_probes.write_text("raise SystemExit('no such library here')\n")
    report = gpu.graded(exercise, gpu.ENOUGH, gpu.means())
    (message,) = {check.message for check in gpu.bonus(report).values()}
    assert re.search("the GPU cannot be used here: .*no such library here", message)


def test_worker_that_ends_before_it_is_wanted_is_named(lesson) -> None:
    (lesson.root / "exercises/vectors/gpu_probes.py").write_text("raise SystemExit('no such library here')\n")
    (exercise,) = read_catalog(lesson.root).exercises
    order = Order(exercise.name, exercise.config.limits)
    with contextlib.closing(GpuLauncher((served(OnGpu.of(exercise)),), gpu.means().drive)) as launcher:
        for _ in range(2):  # the second was started ahead, unless the first ended before it could be asked
            with pytest.raises(BrokenError, match=r"(confined|wanted; it said).*no such library here"):
                Worker(launcher, order)
            launcher.settle()


def test_hidden_checks_want_a_jail() -> None:
    class Open:
        def confinement(self) -> Confinement:
            return Confinement(("landlock",), ("open a socket (AF_UNIX)",))

    assert trouble(Open(), jailed=False) == ""
    why = "a worker can open a socket (AF_UNIX)"
    assert trouble(Open(), jailed=True) == (
        f"submissions are not confined on the GPU ({why}); --allow-unjailed grades all the same"
    )


def test_nothing_is_left_behind(exercise, monkeypatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # workers are other users
        monkeypatch.setattr(tempfile, "tempdir", folder)
        before = len(list(Path("/proc/self/fd").iterdir()))
        running = children()  # others of this process may keep some
        gpu.graded(exercise, gpu.ENOUGH)
        assert [path.suffix for path in Path(folder).iterdir()] == [".lock"]
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert children() == running


def test_dying_costs_its_check_alone(exercise) -> None:
    source = gpu.ENOUGH.replace(
        "return x * factor", "if len(x) == 500: __import__('os')._exit(3)\n    return x * factor"
    )
    found = gpu.bonus(gpu.graded(exercise, source))
    assert found["gpu_time"].message.startswith("your code ended its process (exit status 3)")
    assert found["gpu_memory"].verdict is Verdict.PASS


def test_exercise_without_such_checks_has_no_bonus(lesson) -> None:
    (exercise,) = read_catalog(lesson.root).exercises
    report = gpu.graded(exercise, gpu.ENOUGH)
    assert (report.max_bonus, gpu.bonus(report), report.gpu) == (0, {}, None)


def test_hidden_checks_tell_no_figures(exercise) -> None:
    text = gpu.CHECKS.replace("oracle", "reference").replace("gpu_time", "gpu_hidden").replace("gpu_memory", "gpu_more")
    exercise.hidden_gpu_checks.write_text(text)
    found = gpu.bonus(gpu.graded(exercise, SLOW, full=True))
    assert [check.hidden for check in found.values()] == [False, False, True, True]
    assert (found["gpu_hidden"].verdict, found["gpu_hidden"].message) == (
        Verdict.FAIL,
        "failed on a hidden case (slow)",
    )
    assert found["gpu_more"].verdict is Verdict.PASS


def test_gpu_is_for_the_checks_on_one_alone(lesson, reference: str) -> None:
    text = (lesson.root / "exercises/vectors/test_vectors.py").read_text()
    (lesson.root / "exercises/vectors/test_vectors.py").write_text(text.replace("(student, inputs)", "(student, gpu)"))
    ran = lesson.grade(reference)
    assert (ran.status, "asks for `gpu`, which is there in gpu_checks.py alone" in ran.talk) == (3, True), ran.talk


def test_plain_pytest_does_without(lesson) -> None:
    gpu.with_checks(lesson.root)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "grader.checking.plugin", "-q", "-rs"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    told = [
        subprocess.run([*command, path], cwd=lesson.root, env=environment, capture_output=True, text=True, check=False)
        for path in ("exercises/vectors", "exercises/vectors/gpu_checks.py")
    ]
    assert "4 failed" in told[0].stdout
    assert "2 skipped" in told[1].stdout
    assert "needs a GPU: `grader check --gpu on` runs it" in told[1].stdout


def test_verdicts_on_the_cpu_rest_on_none_of_it(lesson) -> None:
    """So keys of stored verdicts and the audit stay as they are, whatever becomes of checks on a GPU."""
    (before,) = read_catalog(lesson.root).exercises
    digest, grounds = audited_digest(before), before.grounds()
    exercise = gpu.with_checks(lesson.root)
    wrong = exercise.solutions / "gpu/wrong/slow.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("# Is slow.\n")
    exercise.hidden_gpu_checks.write_text(gpu.CHECKS)
    assert (audited_digest(exercise), exercise.grounds()) == (digest, grounds)


def test_one_at_a_time_on_a_gpu(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with alone_on("GPU-1/x", tmp_path):
            order.append("second")

    with alone_on("GPU-1/x", tmp_path), alone_on("GPU-2", tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_nobody_waits_for_a_gpu_for_ever(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("grader.gpu.lock.PATIENCE_S", 0.0)
    with (
        alone_on("GPU-1", tmp_path),
        pytest.raises(BrokenError, match="another grader of this machine keeps the GPU"),
        alone_on("GPU-1", tmp_path),
    ):
        pytest.fail("it was had twice")


def test_a_bonus_costs_no_report(lesson, reference: str) -> None:
    """Checks on a GPU that are damaged are our fault: the report is whole, and so is the exit status."""
    (lesson.root / "exercises/vectors/gpu_checks.py").write_text("def broken(:\n")
    ran = lesson.grade(reference, "--gpu", "on")
    assert (ran.status, ran.report["score"]) == (0, ran.report["max_score"])
    assert ran.talk.startswith("grader: checks on a GPU were left out: exercises/vectors/gpu_checks.py: cannot run: ")


def test_terminal_shows_bonus_apart(exercise) -> None:
    commands = terminal.Commands(str, str, str)
    lines = click.unstyle(terminal.render(gpu.graded(exercise, SLOW), commands)).splitlines()
    told = [" ".join(line.split()) for line in lines if line.startswith(("  bonus", "bonus", "total"))]
    assert told == ["bonus, on a GPU 1 of 3", "total 6 of 6", "bonus, on a GPU 1 of 3"]
    assert "  measured on Stand-in, driver 0.0, torch 0, CUDA 0, clocks no clock" in lines
    assert any(line.startswith("    x  scaling takes no longer") and line.endswith("0 of 2") for line in lines)
    skipped = click.unstyle(terminal.render(gpu.graded(exercise, gpu.ENOUGH, WHY), commands)).splitlines()
    assert f"    -  skipped: {WHY}" in skipped
    assert max(map(len, [*lines, *skipped])) < 80


def test_device_that_computes_otherwise_than_the_cpu_is_our_fault(exercise) -> None:
    """What is true is what ours says on the device; where it says another thing than on the CPU, nobody is judged."""
    report = gpu.graded(exercise, gpu.ENOUGH, gpu.means(layer="wrong_device.py"))
    found = gpu.bonus(report)
    assert {check.verdict for check in found.values()} == {Verdict.BROKEN}
    assert (report.score, report.bonus, report.max_bonus) == (6, 0, 0)
    assert "oracle: `slowly` differs between CPU and device" in found["gpu_time"].message


def test_cuda_that_is_not_there_is_a_reason(exercise) -> None:
    """The way that a GPU goes, up to where there is none: by what torch says, in the jail."""
    if torch_has_cuda():
        pytest.skip("torch here is built with CUDA")
    report = gpu.graded(exercise, gpu.ENOUGH, Means.of(gpu.GPU))
    (message,) = {check.message for check in gpu.bonus(report).values()}
    assert re.fullmatch("the GPU cannot be used here: .*Torch not compiled with CUDA enabled", message)


def torch_has_cuda() -> bool:
    found = installed_torch()
    return found is None or bool(found.cuda)
