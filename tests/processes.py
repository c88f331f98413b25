"""What runs below a process, as Linux tells it: for tests of what is ended, and of what must not be left behind."""

import contextlib
import os
from pathlib import Path

A_WHILE_S = 0.3


def children(pid: int) -> list[int]:
    """The processes that a process started, by any of its threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # threads come and go
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def below(pid: int) -> list[int]:
    """A process and all that it started."""
    return [pid, *(other for child in children(pid) for other in below(child))]


def is_alive(pid: int) -> bool:
    """Whether a process has not ended, or is at least not buried."""
    return _fields(pid)[:1] not in ([], ["Z"])


def hanging_below(pid: int) -> list[int]:
    """The workers below a process that have computed for a while: a session of its own is the first thing of a jail."""
    found = []
    for process in below(pid)[1:]:
        fields = _fields(process)
        if not fields or children(process):
            continue
        computed_s = int(fields[11]) / os.sysconf("SC_CLK_TCK")
        if int(fields[3]) == process and computed_s > A_WHILE_S:
            found.append(process)
    return found


def _fields(pid: int) -> list[str]:
    """Those of /proc/PID/stat from the state on; none once it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []
