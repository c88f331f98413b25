"""Looks around from inside the jail, before a submission is there to lie about it."""

import contextlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path

COMMON_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/")  # noqa: S108 - to learn that they are closed


def probe(unreadable: Iterable[str], grader: int, home: str) -> list[str]:
    """What this process can do and must not, as words that follow "a worker can"; nothing for a tight jail.

    `grader` is the number of the grader's process, `home` a folder of the machine that is not this process's own.
    """
    breaches = [f"read {path}" for path in unreadable if _opens(path)]
    breaches += [f"write to {folder}" for folder in dict.fromkeys([home, *COMMON_FOLDERS]) if _writes(folder)]
    # In a namespace of its own it may bear the grader's number itself.
    if grader != os.getpid() and _signals(grader):
        breaches.append("signal the grader")
    breaches += [f"open a socket ({family.name})" for family in (socket.AF_UNIX, socket.AF_INET) if _connects(family)]
    if _forks():
        breaches.append("start processes")
    return breaches


def _opens(path: str) -> bool:
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDONLY))
        return True
    return False


def _writes(folder: str) -> bool:
    path = Path(folder, f".grader-probe-{os.urandom(8).hex()}")
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        path.unlink()
        return True
    return False


def _signals(process: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(process, 0)
        return True
    return False


def _connects(family: socket.AddressFamily) -> bool:
    with contextlib.suppress(OSError):
        socket.socket(family).close()
        return True
    return False


def _forks() -> bool:
    with contextlib.suppress(OSError):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        return True
    return False
