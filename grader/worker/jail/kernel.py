"""System calls that Python has no function for. Linux only; every failure is an OSError that says which call."""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_READ_SEARCH = 2
LAST_CAPABILITY = 63


def call(name: str, *arguments: object) -> int:
    """Call a function of libc that answers -1 for a failure."""
    return _checked(name, getattr(LIBC, name)(*arguments))


def syscall(name: str, number: int, *arguments: object) -> int:
    """Make a system call by its number; `name` is for the error."""
    return _checked(name, LIBC.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, argument: int = 0) -> None:
    """A `prctl` with one argument; libc takes the others from registers, so they must be zeros of full width."""
    zero = ctypes.c_ulong(0)
    call("prctl", option, ctypes.c_ulong(argument), zero, zero, zero)


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    call("unshare", flags)


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace that a descriptor stands for."""
    call("setns", descriptor, kind)


def set_capabilities(*kept: int) -> None:
    """Keep these capabilities and no others, now and for whatever this process could become."""
    mask = sum(1 << capability for capability in kept)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Two words each of effective, permitted, inheritable.
    low, high = mask & 0xFFFFFFFF, mask >> 32
    call("capset", header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0))


def drop_bounding_set() -> None:
    """No program could give capabilities back; needs the right to drop them, and is not needed without it."""
    for capability in range(LAST_CAPABILITY + 1):
        if LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), *[ctypes.c_ulong(0)] * 3) != 0:
            return


def _checked(name: str, result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result
