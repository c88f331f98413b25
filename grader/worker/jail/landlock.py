"""Landlock: the files that this process may read and write from now on, and that it may reach no other process.

Needs no privilege, cannot be undone, and knows files by what they are: a bind mount or a link does not get around
it. What it does not know (chmod, UDP, sockets that are files) is left to seccomp.
"""

import ctypes
import os
import stat
from collections.abc import Iterable

from grader.worker.jail import kernel

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
ONLY_VERSION = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
REFER, TRUNCATE, DRIVE = 1 << 13, 1 << 14, 1 << 15
# How many file rights each version of the interface knows.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
SCRATCH = (
    WRITE_FILE | READ_FILE | READ_DIR | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
)  # no links, sockets, devices
RIGHTS_ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DRIVE

NETWORK_ABI, SCOPES_ABI = 4, 6
TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def version() -> int:
    """The version of the interface that this kernel has, 0 for none."""
    try:
        return kernel.syscall("landlock_create_ruleset", CREATE_RULESET, None, ctypes.c_size_t(0), ONLY_VERSION)
    except OSError:
        return 0


def restrict(
    abi: int,
    readable: Iterable[str],
    listable: Iterable[str],
    devices: Iterable[str],
    scratch: str,
    driven: Iterable[str] = (),
) -> None:
    """Allow reading `readable` and all beneath, listing (not reading) `listable` and all beneath, and nothing else.

    `driven` are devices that take orders (`ioctl`); what others would make of these is only known since version 5.
    """
    handled = (1 << FILE_RIGHTS[min(abi, max(FILE_RIGHTS))]) - 1
    attributes = [handled, TCP, ABSTRACT_SOCKETS_AND_SIGNALS]
    known = attributes[: 3 if abi >= SCOPES_ABI else 2 if abi >= NETWORK_ABI else 1]
    ruleset = (ctypes.c_uint64 * len(known))(*known)
    rules = kernel.syscall(
        "landlock_create_ruleset", CREATE_RULESET, ruleset, ctypes.c_size_t(ctypes.sizeof(ruleset)), 0
    )
    try:
        for path in readable:
            _allow(rules, path, READ_FILE | READ_DIR)
        for path in listable:
            _allow(rules, path, READ_DIR)
        for path in devices:
            _allow(rules, path, READ_FILE | WRITE_FILE)
        for path in driven:
            _allow(rules, path, (READ_FILE | WRITE_FILE | DRIVE) & handled)
        _allow(rules, scratch, SCRATCH & handled)
        kernel.syscall("landlock_restrict_self", RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return  # what cannot be found cannot be read either
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= RIGHTS_ON_FILES
        rule = _PathBeneath(rights, descriptor)
        kernel.syscall("landlock_add_rule", ADD_RULE, rules, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
