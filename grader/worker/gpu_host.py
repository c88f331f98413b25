"""The grader's end of workers on a GPU: each is a process of its own, for what drives a GPU does not survive a fork.

The next one imports torch while the current one works, and is given nothing before it is wanted. Never imports torch.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import BrokenError
from grader.worker import scratch as scratches
from grader.worker.core import Core
from grader.worker.host import STARTUP_S, Order, Served, Started, described, start_python

CUDA = Path(__file__).with_name("cuda.py")
"""What a worker drives its GPU with."""


@dataclass(frozen=True)
class Drive:
    """How workers reach a GPU."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """of a worker's environment: which GPU it sees"""
    devices: tuple[str, ...] = ()
    """the files that it may drive"""
    library_path: str = ""
    """where the system's loader looks for the driver's libraries, beside its usual places"""
    layer: Path = CUDA
    """the file that opens the device; tests have one that needs no GPU"""


class GpuLauncher:
    """Starts workers on a GPU, one after the other."""

    notice = ""

    def __init__(self, exercises: tuple[Served, ...], drive: Drive) -> None:
        self._exercises = {served.name: served for served in exercises}
        self._drive = drive
        self._next: dict[str, _Process] = {}
        self.core = Core()

    def start(self, order: Order, scratch: Path) -> Started:
        worker = self._next.pop(order.exercise, None) or self._spawn(order.exercise)
        try:
            worker.obey({"scratch": str(scratch), "grader": os.getpid()} | asdict(order))
        except BrokenPipeError:
            said = worker.last_words()
            worker.discard()
            raise BrokenError(f"a worker for the GPU ended before it was wanted; it said: {said}") from None
        self._next[order.exercise] = self._spawn(order.exercise)
        return Started(worker, worker.connection, worker.output)

    def settle(self) -> None:
        """Wait until what was started ahead has imported all, so that it takes no core from what is timed."""
        for worker in self._next.values():
            select.select([worker.ready], [], [], STARTUP_S)

    def close(self) -> None:
        """End those that were started ahead."""
        for worker in self._next.values():
            worker.discard()
        self._next.clear()

    def _spawn(self, name: str) -> "_Process":
        drive = self._drive
        rehearsed = Path(tempfile.mkdtemp(prefix="grader-"))
        letter: dict[str, Any] = {
            "exercise": described(self._exercises[name]) | {"name": name},
            "variables": dict(drive.variables),
            "devices": drive.devices,
            "library_path": drive.library_path,
            "layer": str(drive.layer),
            "scratch": str(rehearsed),
        }
        paths = {"LD_LIBRARY_PATH": drive.library_path} if drive.library_path else {}
        return _Process.spawn(letter, rehearsed, {**drive.variables, **paths})


@dataclass
class _Process:
    """A worker that was started ahead, or works."""

    process: subprocess.Popen[bytes]
    connection: socket.socket
    output: int
    orders: int
    ready: int
    """can be read from once it has nothing more to import"""
    rehearsed: Path
    handle: int | None

    @classmethod
    def spawn(cls, letter: dict[str, Any], rehearsed: Path, variables: Mapping[str, str]) -> "_Process":
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        orders_in, orders_out = os.pipe()
        ready_out, ready_in = os.pipe()
        numbers = theirs.fileno(), orders_in, ready_in
        try:
            process = start_python(
                f"from grader.worker.on_gpu import start; start{numbers}",
                variables,
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
            )
        finally:
            theirs.close()
            os.close(writing)
            os.close(orders_in)
            os.close(ready_in)
        handle = None
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(process.pid)
        worker = cls(process, ours, reading, orders_out, ready_out, rehearsed, handle)
        with contextlib.suppress(BrokenPipeError):  # who ended so early is told of when it is wanted
            worker._tell(letter)
        return worker

    def obey(self, order: dict[str, Any]) -> None:
        """Have it enter the jail and serve."""
        self._tell(order)
        os.close(self.orders)
        os.close(self.ready)

    def end(self, grace_s: float) -> int:
        """Wait at most that long for it to end, then kill it; its exit code, negative for a signal."""
        if self.handle is not None and grace_s:
            select.select([self.handle], [], [], grace_s)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what it left behind where nothing confined it
        scratches.remove(self.rehearsed)
        return code

    def last_words(self) -> str:
        """What it said before it ended by itself."""
        lines = os.read(self.output, 65536).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def discard(self) -> None:
        """End it without having given it anything."""
        self.end(0.0)
        for descriptor in (self.orders, self.ready, self.output, self.handle):
            if descriptor is not None:
                os.close(descriptor)
        self.connection.close()

    def _tell(self, letter: dict[str, Any]) -> None:
        os.write(self.orders, json.dumps(letter).encode() + b"\n")
