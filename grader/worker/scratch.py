"""The folder that a worker may write to: how much lies in it, and its removal, whatever a worker made of it."""

import contextlib
import itertools
import math
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
# An empty file takes room too.
LEAST_BYTES = 4096


def size_of(folder: Path) -> float:
    """Bytes on disk below a folder. Opens no file; what vanishes meanwhile counts nothing.

    What cannot be looked into, closed or too deep for a path, could hide anything, so it counts as endless.
    """
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    with contextlib.suppress(FileNotFoundError):
                        total += max(LEAST_BYTES, entry.stat(follow_symlinks=False).st_blocks * 512)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return math.inf
    return total


def size_of_removed(process: int) -> int:
    """Bytes on disk of the files that a process has open and that lie in no folder any more."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(f"/proc/{process}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    total += status.st_blocks * 512
    return total


def remove(folder: Path) -> None:
    """Remove a folder that nobody writes to any more; what resists is left behind."""
    if os.unlink not in os.supports_dir_fd:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        top = os.open(folder, FOLDER)
        try:
            fresh = (f"lifted-{os.urandom(8).hex()}-{number}" for number in itertools.count())
            while names := os.listdir(top):  # noqa: PTH208 - a descriptor has no path
                for name in names:
                    _remove_entry(name, top, top, fresh)
        finally:
            os.close(top)
        folder.rmdir()


def _remove_entry(name: str, parent: int, top: int, fresh: Iterator[str]) -> None:
    """Remove a file, or a folder after moving its folders to the top: nesting must cost no stack and no long path."""
    try:
        os.unlink(name, dir_fd=parent)
    except (IsADirectoryError, PermissionError):
        os.chmod(name, 0o700, dir_fd=parent)
        if parent != top:
            os.rename(name, next(fresh), src_dir_fd=parent, dst_dir_fd=top)
            return
        inner = os.open(name, FOLDER, dir_fd=top)
        try:
            for child in os.listdir(inner):  # noqa: PTH208 - as above
                _remove_entry(child, inner, top, fresh)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
