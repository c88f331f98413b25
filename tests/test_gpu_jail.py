"""The jail of a worker that may drive a GPU, with other devices in the place of one.

Whether CUDA itself works inside it was not tried: there was no GPU to try it on.
"""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gpu import lesson as gpu
from jail.modes import under

from grader.worker.host import start_python
from grader.worker.jail import landlock, seccomp

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no jail, which their reports say")

DRIVEN = "/dev/full"
OTHERS = (
    "/dev/random",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/shm/x",
    "/dev/stdin",
    "/etc/passwd",
    "/proc/1/status",
    "/proc/mounts",
)
LIVE = """
import fcntl, json, os, resource, socket, sys, tempfile
from grader.worker import jail
from grader.worker.limits import Limits
driven, others = sys.argv[1:2], sys.argv[2:]
scratch = tempfile.mkdtemp()
plan = jail.rehearse(scratch, tuple(driven)).plan
readable = jail.with_gpu(jail.readable(()), ["/usr/local/none", "relative"])
jail.enter(plan, Limits(), set(), scratch, readable, 61184, tuple(driven))

def errno_of(act, *arguments):
    try:
        act(*arguments)
    except OSError as error:
        return error.errno
    return 0

def order(path, request):
    return errno_of(fcntl.ioctl, os.open(path, os.O_RDWR), request)

seen = {path: errno_of(os.open, path, os.O_RDWR) for path in [*driven, *others, "/dev/null"]}
seen["reading"] = {path: errno_of(os.open, path, os.O_RDONLY) for path in ("/proc/self/maps", "/proc/meminfo")}
seen["order"] = {path: [order(path, request) for request in (0x4601, 0x5412)] for path in [*driven, "/dev/zero"]}
seen["address space"] = resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
seen["data"] = resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
kinds = {"seqpacket": (1, 5), "stream": (1, 1), "datagram": (1, 2), "internet": (2, 1)}
seen["sockets"] = {kind: errno_of(socket.socket, *how) for kind, how in kinds.items()}
driver = socket.socket(*kinds["seqpacket"])
name = chr(0) + f"grader-test-{os.getppid()}-{os.getpid()}"
acts = {"bind": (driver.bind, name), "listen": (driver.listen,), "accept": (driver.accept,)}
acts["connect"] = (driver.connect, name)
seen["acts"] = {act: errno_of(*how) for act, how in acts.items()}
seen["layers"] = plan.layers
print(json.dumps(seen))
"""


@pytest.mark.parametrize("mode", ["asis", "nonamespaces", "user", "user+nonamespaces"])
def test_only_the_driven_devices_are_in_reach(mode: str) -> None:
    if not landlock.version():
        pytest.skip("this kernel has no Landlock, which alone knows devices")
    done = under(mode, "-c", LIVE, DRIVEN, *OTHERS)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert {"landlock", "seccomp"} <= set(seen["layers"])
    assert "namespaces" not in seen["layers"]
    assert (seen[DRIVEN], seen["/dev/null"]) == (0, 0)
    refused = {path: seen[path] for path in OTHERS}
    assert set(refused.values()) <= {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENXIO}
    assert refused["/dev/random"] == errno.EACCES
    assert (seen["address space"], seen["data"]) == (True, False)
    assert seen["reading"]["/proc/meminfo"] == 0
    no_such = errno.EAFNOSUPPORT
    assert seen["sockets"] == {"seqpacket": 0, "stream": no_such, "datagram": no_such, "internet": no_such}
    assert seen["acts"] == {"bind": 0, "listen": 0, "accept": errno.EPERM, "connect": errno.EPERM}


def test_devices_that_are_not_driven_take_no_orders() -> None:
    if landlock.version() < 5:
        pytest.skip("this kernel's Landlock does not know orders to devices: seccomp alone limits them")
    done = under("asis", "-c", LIVE, DRIVEN)
    assert done.returncode == 0, done.stderr
    # `/dev/full` itself does not know the first order, which only its driver says; the filter refuses the second.
    assert json.loads(done.stdout)["order"] == {
        DRIVEN: [errno.ENOTTY, errno.ENOTTY],
        "/dev/zero": [errno.EACCES, errno.ENOTTY],
    }


def allows(gpu: bool, request: int) -> bool:
    """Whether the filter of a worker lets an `ioctl` pass, by running the filter's own program."""
    number = seccomp.NUMBERS["ioctl"][seccomp.ARCHITECTURES[os.uname().machine][0]]
    memory = {seccomp.NUMBER_OFFSET: number, seccomp.ARGUMENTS_OFFSET + 8: request}
    memory[seccomp.ARCHITECTURE_OFFSET] = seccomp.ARCHITECTURES[os.uname().machine][1]
    program, at, value = seccomp.program(1, gpu=gpu), 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == seccomp.LOAD:
            value = memory[operand]
        elif code == seccomp.AND:
            value &= operand
        elif code == seccomp.RETURN:
            return operand == seccomp.ALLOW
        else:
            is_so = {
                seccomp.JUMP_EQUAL: value == operand,
                seccomp.JUMP_GREATER: value > operand,
                seccomp.JUMP_AT_LEAST: value >= operand,
            }[code]
            at += yes if is_so else no


ORDERS = {
    0xC020462A: True,  # RM control of the NVIDIA driver
    0x4600: True,
    0x30000001: True,  # its memory manager begins
    0x25: True,  # ... and goes on
    0x5401: True,  # is it a terminal?
    0x5412: False,  # types into a terminal
    0x541C: False,  # a console's own
    0x8901: False,  # who gets the signals of a descriptor
    0x5452: False,
    0xC0186441: False,  # another driver's
    0x30000003: False,
}


@pytest.mark.parametrize(("request_number", "is_for_a_gpu"), ORDERS.items())
def test_filter_lets_a_gpu_be_driven_and_little_else(request_number: int, is_for_a_gpu: bool) -> None:
    assert allows(True, request_number) is is_for_a_gpu
    assert allows(False, request_number) is (request_number == 0x5401)


THREADED = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()

def open_device():
    raise AssertionError
"""


def test_worker_that_could_not_be_confined_whole_does_not_run(lesson, tmp_path) -> None:
    """The jail binds the thread that enters it: a library that starts others while it is imported must not pass."""
    (tmp_path / "threaded.py").write_text(THREADED)
    report = gpu.graded(gpu.with_checks(lesson.root), gpu.ENOUGH, gpu.means(layer=str(tmp_path / "threaded.py")))
    (message,) = {check.message for check in gpu.bonus(report).values()}
    assert "a worker for the GPU has 2 threads: something it imports starts threads" in message


def test_warm_processes_see_no_gpu(monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    told = []
    for variables in ({}, {"CUDA_VISIBLE_DEVICES": "GPU-1"}):
        process = start_python(
            "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])", variables, stdout=subprocess.PIPE
        )
        told.append(process.communicate()[0].decode().strip())
    assert told == ["", "GPU-1"]


FOUND = """
import sys
from grader.worker.gpu_host import GpuLauncher, Drive
from grader.worker.zygote import Zygote
print(*sorted({"torch", "grader.worker.cuda"} & sys.modules.keys()))
"""


def test_the_warm_process_knows_no_gpu() -> None:
    """A context of CUDA does not survive a fork, so what forks must never have one."""
    done = subprocess.run([sys.executable, "-c", FOUND], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    engine = Path(seccomp.__file__).parents[2]
    naming = [path.name for path in engine.rglob("*.py") if "cuda" in path.read_text() and path.parent.name == "worker"]
    assert sorted(naming) == ["cuda.py", "gpu_host.py"]
