"""One at a time per GPU: whoever measures must not be measured beside others of ours."""

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone_on(uuid: str, folder: Path | None = None) -> Iterator[None]:
    """Wait until no other grader of this machine measures on that GPU, and keep it meanwhile."""
    name = re.sub(r"[^\w-]", "_", uuid)
    descriptor = _open((folder or Path(tempfile.gettempdir())) / f"grader-gpu-{name}.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except PermissionError:  # another user's, in a folder where such a file may be opened and not made
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
