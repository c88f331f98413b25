"""Runs a command as on another machine: `under.py MODE COMMAND...`, MODE being words joined by `+`.

user          as an ordinary user (needs root)
nonamespaces  namespaces and mounts are denied, as Docker does
nolandlock    the kernel has no Landlock
noseccomp     the kernel filters no system calls, so that nothing confines a worker if the other two are missing as well

These are no mocks: the user is changed, and a seccomp filter denies the calls to the command and all its children.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from grader.worker.jail import kernel, landlock, seccomp

USER = 1500
MS_BIND_AND_BELOW, MS_PRIVATE_AND_BELOW = 4096 | 16384, (1 << 18) | 16384
ASK_FOR_FILTERS = (21, 22)  # PR_GET_SECCOMP, PR_SET_SECCOMP
NAMESPACES = ("unshare", "setns", "mount", "umount2", "pivot_root", "mount_setattr")


def main() -> None:
    """Become what the mode says, then the command."""
    words, command = set(sys.argv[1].split("+")), sys.argv[2:]
    if "user" in words and os.geteuid() == 0:
        open_the_way_to(sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]))
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
    filters = seccomp.deny_only(NAMESPACES if "nonamespaces" in words else (), errno.EPERM)
    if "nolandlock" in words:
        denied = seccomp.ERRNO | errno.EOPNOTSUPP
        step = [(seccomp.JUMP_EQUAL, 0, 1, landlock.CREATE_RULESET), (seccomp.RETURN, 0, 0, denied)]
        filters = [*filters[:-1], *step, filters[-1]]
    if "noseccomp" in words:
        step = [*seccomp.judge("prctl", 0, ASK_FOR_FILTERS, denied=True), *seccomp.deny("seccomp", errno.EINVAL)]
        filters = [*filters[:-1], *step, filters[-1]]
    if words & {"nonamespaces", "nolandlock", "noseccomp"}:
        seccomp.install(filters)
    os.execv(command[0], command)


def open_the_way_to(*paths: str) -> None:
    """Make folders reachable for the user even if they lie in another's private one, for this process alone."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.call("mount", None, b"/", None, ctypes.c_ulong(MS_PRIVATE_AND_BELOW), None)
    for path in map(os.path.realpath, paths):
        closed = next((folder for folder in reversed(Path(path).parents) if not folder.stat().st_mode & 1), None)
        if closed:
            descriptor = os.open(path, os.O_PATH)
            kernel.call("mount", b"tmpfs", bytes(closed), b"tmpfs", ctypes.c_ulong(0), b"mode=755")
            os.makedirs(path)
            source = f"/proc/self/fd/{descriptor}".encode()
            kernel.call("mount", source, os.fsencode(path), None, ctypes.c_ulong(MS_BIND_AND_BELOW), None)


main()
