"""Files that are replaced in one step: whoever reads one finds the old or the new, never a part."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PATIENCE_S = 2.0
"""how long a lock is waited for: whoever holds one does so for milliseconds, or is stopped"""


def replace(path: Path, content: str | bytes | Iterable[str | bytes]) -> None:
    """Write a file, and its folder if that is missing; raises OSError, and then the old one is as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces = [content] if isinstance(content, str | bytes) else content
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)
    try:
        with new.open("wb") as file:
            for piece in pieces:
                file.write(piece.encode("utf-8") if isinstance(piece, str) else piece)
        new.chmod(0o644)  # a temporary file is its owner's alone
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file stands for, against other processes that ask for it.

    Goes on without it where there are no locks or none can be had in time: for what need not stop anybody.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            held.callback(os.close, descriptor)  # which releases it, as a death does
            deadline = time.monotonic() + PATIENCE_S
            while not _try_lock(descriptor) and time.monotonic() < deadline:
                time.sleep(0.01)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # another one holds it: what POSIX and Windows say
        return False
    return True
