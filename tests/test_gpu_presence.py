"""Whether there is a GPU, by the driver's own tool and by files: never by importing torch or by asking CUDA."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.gpu import presence
from grader.gpu.presence import FIELDS, Gpu, Torch, find, installed_torch, memory_used

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the one answer is that GPU checks need Linux"
)

WITH_CUDA, WITHOUT = Torch("2.13.0+cu130", "13.0"), Torch("2.13.0+cpu", "")
ROWS = """0, GPU-aaaa-1, NVIDIA A, 580.1, 24564, 210, 2520, 405
1, GPU-bbbb-2, NVIDIA B, 580.1, [N/A], 300, 1980, 2619
"""


def ask(environment: dict[str, str] | None = None, said: str = ROWS, torch: Torch | None = WITH_CUDA) -> Gpu | str:
    return find(environment or {}, lambda _: said, torch)


def uuid(found: Gpu | str) -> str:
    return found if isinstance(found, str) else found.uuid


def test_first_gpu_is_described() -> None:
    found = ask()
    assert isinstance(found, Gpu)
    assert (found.uuid, found.name, found.driver, found.memory_mib) == ("GPU-aaaa-1", "NVIDIA A", "580.1", 24564)
    assert (found.clocks, found.torch) == ("210 of 2520 MHz, memory 405 MHz", WITH_CUDA)


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("1", "GPU-bbbb-2"),
        ("1,0", "GPU-bbbb-2"),
        ("GPU-bbbb", "GPU-bbbb-2"),
        ("", "no NVIDIA GPU was found: CUDA_VISIBLE_DEVICES is ``, and `nvidia-smi` lists no such one"),
        ("-1", "no NVIDIA GPU was found: CUDA_VISIBLE_DEVICES is `-1`, and `nvidia-smi` lists no such one"),
        ("7", "no NVIDIA GPU was found: CUDA_VISIBLE_DEVICES is `7`, and `nvidia-smi` lists no such one"),
    ],
)
def test_visible_devices_are_respected(visible: str, expected: str) -> None:
    assert uuid(ask({"CUDA_VISIBLE_DEVICES": visible})) == expected


@pytest.mark.parametrize("said", ["", "No devices were found\n", "0, GPU-1, short\n"])
def test_tool_that_lists_none(said: str) -> None:
    assert ask(said=said) == "no NVIDIA GPU was found: `nvidia-smi` lists none"


def test_torch_without_cuda_is_a_reason() -> None:
    assert ask(torch=WITHOUT) == "torch here is built without CUDA (2.13.0+cpu)"


def fake_tool(folder: Path, script: str) -> dict[str, str]:
    """A path on which `nvidia-smi` is this script."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'NVIDIA-SMI has failed' >&2; exit 9", "`nvidia-smi` says: NVIDIA-SMI has failed"),
        ("exit 3", "`nvidia-smi` says: exit status 3"),
    ],
)
def test_tool_that_fails_is_quoted(tmp_path, monkeypatch, script: str, why: str) -> None:
    monkeypatch.setenv("PATH", fake_tool(tmp_path, script)["PATH"])
    assert find({}, torch=WITH_CUDA) == f"no NVIDIA GPU was found: {why}"


def test_no_tool_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find({}) == "no NVIDIA GPU was found: `nvidia-smi` is not there"


def test_tool_that_hangs_is_not_waited_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", fake_tool(tmp_path, "exec sleep 60")["PATH"])
    monkeypatch.setattr(presence, "TOOL_S", 0.2)
    assert find({}) == "no NVIDIA GPU was found: `nvidia-smi` did not answer within 0.2 seconds"


def test_other_systems_are_told(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ask() == "GPU checks need Linux"


def test_no_torch_is_told(monkeypatch) -> None:
    monkeypatch.setattr(presence, "installed_torch", lambda: None)
    assert ask(torch=None) == "torch is not installed here"


def test_tool_is_asked_for_what_we_read(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(
        "PATH", fake_tool(tmp_path, f"echo \"$@\" >{tmp_path}/asked; echo '{ROWS.splitlines()[0]}'")["PATH"]
    )
    assert uuid(find({}, torch=WITH_CUDA)) == "GPU-aaaa-1"
    assert f"--query-gpu={','.join(FIELDS)}" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(("said", "used"), [("512\n", 512 * 2**20), ("[N/A]\n", None), ("", None)])
def test_memory_in_use(said: str, used: int | None) -> None:
    assert memory_used("GPU-1", lambda _: said) == used


def test_memory_in_use_where_the_tool_fails(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert memory_used("GPU-1") is None


LOOK = """
import os, sys
from grader.gpu import presence
presence.find(os.environ)
print(presence.installed_torch().version)
print(*sorted({"torch", "numpy", "ctypes"} & sys.modules.keys()))
"""


def test_looking_imports_nothing_large() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    version, loaded = done.stdout.split("\n")[:2]
    found = installed_torch()
    assert (version, loaded) == (found and found.version, "")


# ---- the command


def test_off_by_default(lesson_with_gpu_checks, reference: str) -> None:
    ran = lesson_with_gpu_checks.grade(reference)
    assert (ran.status, ran.talk) == (0, "")
    assert "bonus" not in ran.out


@pytest.fixture
def lesson_with_gpu_checks(lesson):
    from gpu.lesson import with_checks

    with_checks(lesson.root)
    return lesson


def test_auto_says_nothing_where_there_is_none(lesson_with_gpu_checks, tmp_path) -> None:
    plain, auto = (
        lesson_with_gpu_checks.run(
            "check", "--submission", "solutions", *more, environment=fake_tool(tmp_path, "exit 9")
        )
        for more in ([], ["--gpu", "auto"])
    )
    assert (plain.out, plain.talk, plain.status) == (auto.out, auto.talk, auto.status)


def test_on_skips_with_the_reason_and_moves_nothing(lesson_with_gpu_checks, reference: str, tmp_path) -> None:
    none = fake_tool(tmp_path, "echo 'no driver' >&2; exit 9")
    why = "no NVIDIA GPU was found: `nvidia-smi` says: no driver"
    lesson_with_gpu_checks.hand_in(reference)
    told = lesson_with_gpu_checks.run("check", "--submission", "handed-in", "--gpu", "on", environment=none)
    assert (told.status, told.talk) == (0, "")
    assert f"    -  skipped: {why}" in told.out
    options = ["check", "--submission", "handed-in", "--json", "-"]
    report = lesson_with_gpu_checks.run(*options, "--gpu", "on", environment=none).report
    plain = lesson_with_gpu_checks.run(*options, environment=none).report
    (exercise,) = report["exercises"]
    assert {(check["verdict"], check["message"]) for check in exercise.pop("bonus_checks")} == {("skipped", why)}
    assert (report.pop("bonus"), report.pop("max_bonus"), report.pop("gpu")) == (0, 3, None)
    assert (exercise.pop("bonus"), exercise.pop("max_bonus")) == (0, 3)
    for check in [*exercise["checks"], *plain["exercises"][0]["checks"]]:
        del check["duration_s"]
    assert report == plain


def test_torch_without_cuda_is_said_where_there_is_a_gpu(lesson_with_gpu_checks, reference: str, tmp_path) -> None:
    found = installed_torch()
    if found is None or found.cuda:
        pytest.skip("torch here is built with CUDA")
    lesson_with_gpu_checks.hand_in(reference)
    some = fake_tool(tmp_path, f"echo '{ROWS.splitlines()[0]}'")
    told = lesson_with_gpu_checks.run("check", "--submission", "handed-in", "--gpu", "on", environment=some)
    assert f"    -  skipped: torch here is built without CUDA ({found.version})" in told.out


@pytest.mark.parametrize(("said", "asks"), [([], False), (["GPU=1"], True), (["GPU=0"], False)])
def test_make_asks_where_it_is_told_to(said: list[str], asks: bool) -> None:
    command = ["make", "--dry-run", "--no-print-directory", "check", "EX=x", *said]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert ("grader check x --gpu on" in done.stdout) is asks


def test_unknown_word_is_one_line(lesson) -> None:
    ran = lesson.run("check", "--gpu", "maybe")
    assert (ran.status, "'maybe' is not one of" in ran.talk) == (2, True)


def test_exercise_without_such_checks_says_nothing(lesson, reference: str) -> None:
    lesson.hand_in(reference)
    ran = lesson.run("check", "--submission", "handed-in", "--gpu", "on")
    assert (ran.status, ran.talk, "bonus" in ran.out) == (0, "", False)
