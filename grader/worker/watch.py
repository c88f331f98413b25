"""Watches what no limit of the system bounds: shared memory, threads, and all files of a worker together.

And whether a worker sleeps while it is asked: then it needs no core, and if it never answers, that is its own doing.
"""

import contextlib
import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.worker import scratch
from grader.worker.core import Core
from grader.worker.limits import Limits

MIB = 1024 * 1024
INTERVAL_S = 0.05
DOZES = 5
"""Looks in a row that find a worker asleep, before its core is lent."""


def process_of(handle: int) -> int | None:
    """The process number, in our own eyes, of the process that a pidfd stands for; None once it is gone."""
    with contextlib.suppress(OSError, ValueError):
        fields = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines())
        number = int(fields.get("Pid", "-1"))
        return number if number > 0 else None
    return None


@dataclass
class Looks:
    """How often a worker was found asleep, and how often not, while it should have answered."""

    asleep: int = 0
    awake: int = 0
    in_a_row: int = 0
    """that found it asleep, up to the latest"""

    def count(self, *, asleep: bool) -> None:
        self.asleep += asleep
        self.awake += not asleep
        self.in_a_row = self.in_a_row + 1 if asleep else 0

    def add(self, others: "Looks") -> None:
        """Those of another question, too."""
        self.asleep += others.asleep
        self.awake += others.awake

    def prove_sleep(self, seconds: float) -> bool:
        """Whether it slept so long of these seconds that it cannot have wanted for a core.

        Where we were kept from looking, by a busy machine or a stopped one, nothing is proven.
        """
        return self.asleep * INTERVAL_S >= seconds / 2 and self.awake <= self.asleep / 10


class Watch:
    """Ends a worker that uses more than its limits allow; `excess` then says of what."""

    def __init__(self, process: int, limits: Limits, folder: Path, kill: Callable[[], None], core: Core) -> None:
        self.excess = ""
        self.looks: Looks | None = None
        """where to count, while it is asked something"""
        self._core = core
        self._process, self._limits, self._folder, self._kill = process, limits, folder, kill
        self._at_start = _status_of(process).memory
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look away; must be called before the process is reaped, when its number may become another's."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            looks, status = self.looks, _status_of(self._process)
            self.excess = self._find_excess(status)
            if self.excess:
                self._kill()
                return
            if looks is not None:
                looks.count(asleep=status.asleep)
                if looks.in_a_row == DOZES:
                    self._core.lend()

    def _find_excess(self, status: "_Status") -> str:
        """What is more than the limits allow, as words that follow "your code"."""
        limits = self._limits
        memory = status.memory - self._at_start
        files = scratch.size_of(self._folder) + scratch.size_of_removed(self._process)
        if memory > limits.memory_mib * MIB:
            return f"used {memory // MIB} MiB of memory, and may use {limits.memory_mib}"
        if files == math.inf:
            return f"made a folder that cannot be looked into; its files may use {limits.scratch_mib} MiB of disk"
        if files > limits.scratch_mib * MIB:
            return f"used {files // MIB:g} MiB of disk for its files, and may use {limits.scratch_mib}"
        if status.threads > limits.threads:
            return f"started {status.threads} threads, and may have {limits.threads}"
        return ""


@dataclass(frozen=True)
class _Status:
    memory: int = 0
    """bytes that are this process's own or shared with none but itself; the libraries of the zygote do not count"""
    threads: int = 0
    asleep: bool = False
    """whether its one thread waits for something other than a core or a disk, and for no child of its own"""


def _status_of(process: int) -> _Status:
    """What the system counts of a process; nothing once it is gone."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        memory = sum(int(fields.get(name, "0").split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
        threads = int(fields["Threads"])
        asleep = threads == 1 and fields["State"].split()[0] == "S"
        children = Path(f"/proc/{process}/task/{process}/children")
        return _Status(memory, threads, asleep and not children.read_text())
    return _Status()


def kill(handle: int) -> None:
    """End the process that a pidfd stands for, if it still lives."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
