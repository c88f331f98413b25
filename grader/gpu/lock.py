"""One at a time per GPU: whoever measures must not be measured beside others of ours."""

import contextlib
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from grader.errors import BrokenError

PATIENCE_S, LOOK_S = 1800.0, 0.2


@contextlib.contextmanager
def alone_on(uuid: str, folder: Path | None = None) -> Iterator[None]:
    """Wait until no other grader of this machine measures on that GPU, and keep it meanwhile.

    Raises BrokenError where that takes too long, and OSError where the file that stands for it cannot be opened.
    """
    name = re.sub(r"[^\w-]", "_", uuid)
    descriptor = _open((folder or Path(tempfile.gettempdir())) / f"grader-gpu-{name}.lock")
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BrokenError("another grader of this machine keeps the GPU") from None
            time.sleep(LOOK_S)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except PermissionError:  # another user's, in a folder where such a file may be opened and not made
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
