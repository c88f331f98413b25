"""Namespaces: a worker with processes, a network and a file system of its own, in which nothing else exists.

The root is a throw-away folder in memory. What may be read is mounted into it under its usual path, read-only, and
what must not be read is covered.
"""

import ctypes
import os
from pathlib import Path

from grader.worker.jail import kernel
from grader.worker.jail.readable import DEVICES, Readable

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_SETATTR = 442  # the same number on every architecture
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
AT_FDCWD, AT_RECURSIVE = -100, 0x8000

SCRATCH = "/scratch"
SCRATCH_FILES = 4096
ABSENT_FOLDER, ABSENT_FILE = "/.absent", "/.absent-file"


def enter_user_namespace() -> None:
    """Gain the right to make the other namespaces, and no right over anything outside them.

    Only the calling user exists in it. Must happen before there is a second thread.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def fork_into_processes_of_its_own() -> int:
    """Fork a child that is the first process of a new namespace: all of its children die with it."""
    before = os.open("/proc/thread-self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.unshare(kernel.CLONE_NEWPID)
        child = 0
        try:
            child = os.fork()
            return child
        finally:
            if child:  # the next child gets a namespace of its own again
                kernel.setns(before, kernel.CLONE_NEWPID)
    finally:
        os.close(before)


def leave_the_others(readable: Readable, base: str, owner: int, scratch_mib: int) -> None:
    """Enter a new root, built on the folder `base`, with an empty network; ends in a writable scratch folder."""
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    os.mkdir(base + ABSENT_FOLDER, 0o000)
    os.mknod(base + ABSENT_FILE, 0o000)
    os.mkdir(base + SCRATCH)
    for path in readable.spelled:
        _mirror(base, path)
    for path in readable.roots:
        _bind(path, base + path)
    for path in readable.hidden:
        _bind(base + (ABSENT_FOLDER if os.path.isdir(path) else ABSENT_FILE), base + path)
    for device in DEVICES:
        _mirror(base, device)
    _make_read_only(base)
    for device in DEVICES:
        _bind(device, base + device)
    options = f"size={scratch_mib}m,nr_inodes={SCRATCH_FILES},mode=700,uid={owner}"
    _mount("tmpfs", base + SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
    os.chdir(base)
    # The new root over the old one, which then has no path any more and can be let go.
    kernel.syscall("pivot_root", PIVOT_ROOT[os.uname().machine], b".", b".")
    kernel.call("umount2", b".", MNT_DETACH)
    os.chdir(SCRATCH)


def _mirror(base: str, path: str) -> None:
    """Make an empty place below `base` for what has this path outside, with the links that lead there."""
    place = ""
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts, start=1):
        place += f"/{part}"
        if os.path.islink(place):
            target = os.path.join(os.path.dirname(place), os.readlink(place))
            if not os.path.lexists(base + place):
                os.symlink(os.readlink(place), base + place)
            _mirror(base, os.path.normpath("/".join([target, *parts[number:]])))
            return
        if number < len(parts) or os.path.isdir(place):
            os.makedirs(base + place, exist_ok=True)
        elif not os.path.lexists(base + place):
            os.mknod(base + place)


def _bind(source: str, target: str) -> None:
    _mount(source, target, None, MS_BIND | MS_REC)


def _make_read_only(base: str) -> None:
    """A folder and all that is mounted beneath; flags that a mount has stay, as a user namespace demands."""
    attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)  # the same bits as for mount
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    kernel.syscall(
        "mount_setattr", MOUNT_SETATTR, AT_FDCWD, os.fsencode(base), AT_RECURSIVE, ctypes.byref(attributes), size
    )


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    try:
        kernel.call("mount", *encoded[:3], ctypes.c_ulong(flags), encoded[3])
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({target})") from None
