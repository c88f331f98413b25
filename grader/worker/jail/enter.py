"""Entering the jail: own session, no descriptors but its own, an empty environment, limits, then layer by layer."""

import os
import resource
import signal
import tempfile
from pathlib import Path

from grader.worker.jail import kernel, landlock, namespaces, seccomp
from grader.worker.jail.plan import Plan
from grader.worker.jail.readable import DEVICES, Readable
from grader.worker.limits import Limits

MIB = 1024 * 1024
# Address space is mapped far more generously than it is used; DATA is what binds, AS the backstop for shared
# mappings, which DATA does not count. The grader watches what is really used.
ADDRESS_SPACE_SLACK = 1024 * MIB


def enter(
    plan: Plan,
    limits: Limits,
    keep: set[int],
    scratch: str,
    readable: Readable,
    user: int,
    driven: tuple[str, ...] | None = None,
) -> None:
    """Confine the calling process, which must have one thread, as planned; raises OSError if a layer refuses.

    `driven` are the files of the GPU that it may drive, if it may; no plan with namespaces, which hide them, does then.
    """
    parent = os.getppid()
    user = user if plan.switch_user else os.geteuid()
    os.chown(scratch, user, -1)
    _enter_lightly(limits, keep, scratch, bounded=driven is None)
    if plan.namespaces:
        namespaces.leave_the_others(readable, scratch, user, limits.scratch_mib)
        scratch = namespaces.SCRATCH
        _live_in(scratch)
    if plan.switch_user:
        _become(user, read_anyway=plan.read_anyway)
        _die_with_parent()  # a change of user forgets it
    else:
        kernel.drop_bounding_set()
        kernel.set_capabilities()
    if os.getppid() != parent:  # it died before it was asked for
        os._exit(1)
    if plan.landlock:
        # Where the hidden is covered by mounts, its surroundings need not be named one by one, which takes time.
        paths, listable = (readable.roots, ()) if plan.namespaces else (readable.allowed, readable.opened)
        landlock.restrict(plan.landlock, paths, listable, DEVICES, scratch, driven or ())
    if plan.seccomp:
        seccomp.confine(gpu=driven is not None)


def _enter_lightly(limits: Limits, keep: set[int], scratch: str, *, bounded: bool) -> None:
    """What needs no layer of any plan: descriptors in `keep` and 0 to 2 stay open."""
    os.setsid()
    _die_with_parent()
    _close_descriptors(keep | {0, 1, 2})
    _live_in(scratch)
    _limit_resources(limits, bounded=bounded)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _die_with_parent() -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _become(user: int, *, read_anyway: bool) -> None:
    kernel.drop_bounding_set()
    os.setgroups([])
    if read_anyway:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.set_capabilities(*([kernel.CAP_DAC_READ_SEARCH] if read_anyway else []))


def _live_in(scratch: str) -> None:
    os.environ.clear()
    # The names must be set again: libraries read them lazily, in a process that had them at its start.
    os.environ.update(HOME=scratch, TMPDIR=scratch, HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    tempfile.tempdir = None  # imports in the zygote may have cached the folder of another user
    os.chdir(scratch)


def _close_descriptors(keep: set[int]) -> None:
    start = 0
    for descriptor in [*sorted(keep), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]:
        if start < descriptor:  # closerange(0, 0) closes everything in CPython 3.11
            os.closerange(start, descriptor)
        start = descriptor + 1


def _limit_resources(limits: Limits, *, bounded: bool) -> None:
    """`bounded` is whether the address space has a limit: for a GPU more of it is reserved than there is memory."""
    data, address_space = _memory_in_use()
    wanted = {
        resource.RLIMIT_DATA: data + limits.memory_mib * MIB,
        **({resource.RLIMIT_AS: address_space + limits.memory_mib * MIB + ADDRESS_SPACE_SLACK} if bounded else {}),
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
