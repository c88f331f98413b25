"""Where the helper of a lesson is found: a socket in a folder that belongs to one user, whom alone it lets in."""

import contextlib
import hashlib
import os
import socket
import stat
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

MAX_PATH = 100
"""bytes of a socket's path, a little less than the systems allow"""


@dataclass(frozen=True)
class Place:
    """The files by which the helper of one lesson and one Python is found. Who holds the lock owns the socket."""

    address: Path
    lock: Path

    def connect(self) -> socket.socket | None:
        """A connection to the helper of the same user, if one listens."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self.address))
        except OSError:
            connection.close()
            return None
        if not is_same_user(connection):
            connection.close()
            return None
        return connection

    def claim(self) -> int | None:
        """A descriptor that holds the lock; None if another helper does."""
        import fcntl  # not on Windows, where there are no helpers

        while True:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if self.is_held_by(descriptor):
                return descriptor
            os.close(descriptor)  # its last holder removed the file between our two steps

    def is_held_by(self, descriptor: int) -> bool:
        """Whether the lock that the descriptor holds is still the one that others find."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.lock.stat())
        except OSError:
            return False

    def listen(self) -> socket.socket:
        """The socket to be found by; whoever calls this holds the lock, so one that is there is a dead helper's."""
        self.address.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.address))
        self.address.chmod(0o600)
        listening.listen()
        return listening

    def clear(self) -> None:
        """Remove both files, so that the next who asks starts a new helper."""
        for path in (self.address, self.lock):
            with contextlib.suppress(OSError):
                path.unlink()
        with contextlib.suppress(OSError):  # another lesson's helper lives in it
            self.address.parent.rmdir()


def place_of(root: Path) -> Place | None:
    """Where the helper of a lesson's folder is to be found; None where there can be none."""
    if sys.platform == "win32":
        return None
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), f"finetune-grader-{os.geteuid()}")
    name = hashlib.sha256("\0".join([str(root), sys.executable, sys.prefix]).encode()).hexdigest()[:16]
    place = Place(folder / f"{name}.socket", folder / f"{name}.lock")
    if len(os.fsencode(place.address)) > MAX_PATH or not _is_private(folder):
        return None
    return place


def _is_private(folder: Path) -> bool:
    """Whether the folder, made if it is missing, is ours alone: in a shared place anybody could have made it."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def is_same_user(connection: socket.socket) -> bool:
    """Whether the other end is ours, where the system tells; elsewhere the folder alone keeps others out."""
    return peer_of(connection)[1] == os.geteuid()


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end; 0 and ourselves where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0, os.geteuid()
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return pid, uid
