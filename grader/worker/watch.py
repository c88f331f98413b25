"""Watches what no limit of the system bounds: memory that is shared, and all files of a worker together."""

import contextlib
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from grader.worker import scratch
from grader.worker.limits import Limits

MIB = 1024 * 1024
INTERVAL_S = 0.05


def process_of(handle: int) -> int | None:
    """The process number, in our own eyes, of the process that a pidfd stands for; None once it is gone."""
    with contextlib.suppress(OSError, ValueError):
        fields = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines())
        number = int(fields.get("Pid", "-1"))
        return number if number > 0 else None
    return None


class Watch:
    """Ends a worker that uses more than its limits allow; `excess` then says of what."""

    def __init__(self, process: int, limits: Limits, folder: Path, kill: Callable[[], None]) -> None:
        self.excess = ""
        self._process, self._limits, self._folder, self._kill = process, limits, folder, kill
        self._at_start = _memory_of(process)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look away; must be called before the process is reaped, when its number may become another's."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            memory, files = _memory_of(self._process) - self._at_start, scratch.size_of(self._folder)
            for used, limit, what in (
                (memory, self._limits.memory_mib, "memory"),
                (files, self._limits.scratch_mib, "disk for its files"),
            ):
                if used > limit * MIB:
                    self.excess = f"used {used // MIB} MiB of {what}, and may use {limit}"
                    self._kill()
                    return


def _memory_of(process: int) -> int:
    """Bytes that are this process's own or shared with none but itself; the libraries of the zygote do not count."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
    return 0


def kill(handle: int) -> None:
    """End the process that a pidfd stands for, if it still lives."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
