"""What stands before every attack: where its victims are, and two tools. A real attacker would have to find them."""

import ctypes
import struct
import sys

# `targets` comes first in the file, as a literal: see `driver.py`.
SOLUTION, OTHER_SUBMISSION, VICTIM = (targets.get(name, "") for name in ("solution", "submission", "victim"))
PROCESSES = targets.get("processes", [])
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/")
LEFT_BEHIND = targets.get("mark", "")
# In two parts, so that whoever searches the memory does not find the search.
CANARY = ["canary", "of"]


def call(name, *arguments):
    """A function of libc; raises OSError where it answers -1."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def any_of(*acts):
    """The result of the first act that works; raises what the first one raised if none does."""
    errors = []
    for act in acts:
        try:
            return act()
        except Exception as error:
            errors.append(error)
    raise errors[0]


def wire():
    """The channel to the grader, and the number of the question that waits for an answer."""
    frame = sys._getframe()
    while not {"channel", "message"} <= frame.f_locals.keys():
        frame = frame.f_back
    return frame.f_locals["channel"], frame.f_locals["message"].number


def send_header(header):
    """A frame without a body."""
    wire()[0]._socket.sendall(struct.pack(">4sIQ", b"FTG1", len(header), 0) + header)
