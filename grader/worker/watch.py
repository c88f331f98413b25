"""Watches what no limit of the system bounds: shared memory, threads, and all files of a worker together.

And whether a worker sleeps or computes while it is asked: if it never answers then, that is its own doing. One that
does neither wants for a core, which is not.
"""

import contextlib
import enum
import math
import os
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
LITTLE = 0.02
"""of the time asleep: who naps computes less, who waits for a slow disk more"""
ENOUGH = 0.25
"""of a time limit: limits leave a right answer many times what it needs"""
STATES_WITHOUT_NEED = frozenset("STt")
"""of a thread, as the system calls them: it sleeps or was stopped, and waits neither for a core nor for a disk"""


TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
USER_TIME = 11
"""Where `stat` has the time in user mode, counted from the state; that in the kernel follows."""


class Doubt(enum.StrEnum):
    """Whether one that hung may have waited for a core of a busy machine all that time."""

    NONE = ""
    POSSIBLE = "possible"
    """nobody could look"""
    LIKELY = "likely"
    """it neither slept nor computed, as far as anybody saw"""


def process_of(handle: int) -> int | None:
    """The process number, in our own eyes, of the process that a pidfd stands for; None once it is gone."""
    with contextlib.suppress(OSError, ValueError):
        fields = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines())
        number = int(fields.get("Pid", "-1"))
        return number if number > 0 else None
    return None


@dataclass
class Looks:
    """What a worker did while it should have answered."""

    asleep: int = 0
    """looks that found it asleep"""
    awake: int = 0
    in_a_row: int = 0
    """that found it asleep, up to the latest"""
    computed_s: float = 0.0
    """seconds that it had a core"""
    computed_between_s: float = 0.0
    """of these, since it was found asleep first"""
    asleep_at_most_s: float = math.inf
    """what it may sleep in all before it is ended, if it computes little meanwhile"""

    def count(self, *, asleep: bool, computed_s: float = 0.0) -> None:
        """One more look; since the one before, it computed so long."""
        self.computed_s += computed_s
        self.computed_between_s += computed_s if self.asleep else 0.0
        self.asleep += asleep
        self.awake += not asleep
        self.in_a_row = self.in_a_row + 1 if asleep else 0

    @property
    def overslept(self) -> bool:
        """Whether it slept longer than it may; looks are at least that far apart."""
        asleep_s = self.asleep * INTERVAL_S
        return asleep_s >= self.asleep_at_most_s and self.computed_between_s <= LITTLE * asleep_s

    def add(self, others: "Looks") -> None:
        """Those of another question, too."""
        self.asleep += others.asleep
        self.awake += others.awake
        self.computed_s += others.computed_s

    def doubt(self, seconds: float) -> Doubt:
        """What there is to doubt about one that did not answer in so many seconds.

        One that slept most of the time cannot have wanted for a core, and one that had a core for a good part of it had
        its chance. Where we were kept from looking, by a busy machine or a stopped one, nothing is proven.
        """
        if not self.asleep + self.awake:
            return Doubt.POSSIBLE
        slept = self.asleep * INTERVAL_S >= seconds / 2 and self.awake <= self.asleep / 10
        if slept or self.computed_s >= ENOUGH * seconds:
            return Doubt.NONE
        return Doubt.LIKELY


class Watch:
    """Ends a worker that uses more than its limits allow; `excess` then says of what."""

    def __init__(self, process: int, limits: Limits, folder: Path, kill: Callable[[], None], core: Core) -> None:
        self.excess = ""
        self.looks: Looks | None = None
        """where to count, while it is asked something"""
        self._core = core
        self._process, self._limits, self._folder, self._kill = process, limits, folder, kill
        at_start = _status_of(process)
        self._at_start, self._computed_s = at_start.memory, at_start.computed_s
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
            computed_s, self._computed_s = status.computed_s - self._computed_s, status.computed_s
            if looks is not None:
                looks.count(asleep=status.asleep, computed_s=computed_s)
                if looks.in_a_row == DOZES:
                    self._core.lend()
                if looks.overslept:
                    self._kill()
                    return

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
    """whether none of its threads wants a core, and it has no child that may"""
    computed_s: float = 0.0
    """seconds of a core that all its threads had so far"""


def _status_of(process: int) -> _Status:
    """What the system counts of a process; nothing once it is gone."""
    with contextlib.suppress(OSError):
        home = Path(f"/proc/{process}")
        fields = dict(line.split(":", 1) for line in (home / "status").read_text().splitlines())
        memory = sum(int(fields.get(name, "0").split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
        tasks = list((home / "task").iterdir())
        asleep = not any(map(_needs_a_core, tasks))
        ticks = sum(map(int, _counters(home)[USER_TIME : USER_TIME + 2]))
        return _Status(memory, len(tasks), asleep, ticks / TICKS_PER_S)
    return _Status()


def _counters(place: Path) -> list[str]:
    """The fields of a `stat` behind the name, which may hold anything: the state is the first."""
    return (place / "stat").read_text().rpartition(")")[2].split()


def _needs_a_core(task: Path) -> bool:
    """Whether a thread does, or may have a child that does; none that has ended meanwhile."""
    with contextlib.suppress(OSError):
        return _counters(task)[0] not in STATES_WITHOUT_NEED or bool((task / "children").read_text())
    return False


def kill(handle: int) -> None:
    """End the process that a pidfd stands for, if it still lives."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
