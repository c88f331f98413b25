"""The confinement a worker enters before it sees a submission: an own session, no descriptors but its own, an
empty environment, limits relative to the process it was forked from, and no way to gain privileges.

Linux has all layers; elsewhere a worker is a plain process with a time limit, and the report says so.
"""

import ctypes
import os
import resource
import signal
import tempfile
from pathlib import Path

from grader.worker.limits import Limits

MIB = 1024 * 1024
# Address space is mapped far more generously than it is used; only DATA is meant to bind, AS is the backstop
# for shared mappings, which DATA does not count.
ADDRESS_SPACE_SLACK = 1024 * MIB
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


def enter(limits: Limits, keep: set[int], scratch: Path) -> None:
    """Confine the calling, single-threaded process; descriptors in `keep` and 0 to 2 stay open.

    Raises OSError if a layer cannot be entered: a worker that is not confined must not run.
    """
    os.setsid()
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)
    _close_descriptors(keep | {0, 1, 2})
    os.environ.clear()
    # The names must be set again: libraries read them lazily, in a process that had them at its start.
    os.environ.update(HOME=str(scratch), TMPDIR=str(scratch), HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    tempfile.tempdir = None  # imports in the zygote may have cached the folder of another user
    os.chdir(scratch)
    _limit_resources(limits)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, argument: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, argument, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")


def _close_descriptors(keep: set[int]) -> None:
    start = 0
    for descriptor in [*sorted(keep), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]:
        if start < descriptor:  # closerange(0, 0) closes everything in CPython 3.11
            os.closerange(start, descriptor)
        start = descriptor + 1


def _limit_resources(limits: Limits) -> None:
    data, address_space = _memory_in_use()
    wanted = {
        resource.RLIMIT_DATA: data + limits.memory_mib * MIB,
        resource.RLIMIT_AS: address_space + limits.memory_mib * MIB + ADDRESS_SPACE_SLACK,
        resource.RLIMIT_FSIZE: limits.file_mib * MIB,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _memory_in_use() -> tuple[int, int]:
    """Bytes of private data and of address space. Limits are relative to them: they differ by torch version."""
    status = Path("/proc/self/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmData"].split()[0]) * 1024, int(fields["VmSize"].split()[0]) * 1024
