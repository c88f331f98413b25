"""Asks the helper of a lesson for a report, and starts one where there is none. Knows no checks, and imports little."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import grader
from grader.catalog import Catalog
from grader.warm.fingerprint import fingerprint
from grader.warm.letters import Alive, Ask, Graded, Refused, Reply, receive_reply, send
from grader.warm.place import Place, peer_of, place_of

SILENCE_S = 5.0
"""How long a helper may say nothing; it says that it lives ten times as often."""
START_S = 10.0
CONNECT_S = 1.0
ATTEMPTS = 2
"""The second is for the helper that takes the place of one that no longer fits."""


def ask_helper(
    catalog: Catalog, exercises: Sequence[str], sources: Mapping[str, bytes], seed: int, environment: Mapping[str, str]
) -> Graded | None:
    """The report on the sources by a helper; None where whoever asks must grade by himself."""
    place = None if _is_ci(environment) else place_of(catalog.root)
    if place is None:
        return None
    asked = Ask(fingerprint(catalog), tuple(exercises), dict(sources), seed)
    for _ in range(ATTEMPTS):
        connection = place.connect() or _start(place, catalog.root)
        if connection is None:
            return None
        with connection:
            reply = _converse(connection, asked, place)
        if isinstance(reply, Graded):
            return reply
        if reply is None or reply.why != "stale":
            return None
    return None


def _is_ci(environment: Mapping[str, str]) -> bool:
    """Whether this runs where nobody will come back in ten minutes, by the variable that all such services set."""
    return environment.get("CI", "").lower() not in ("", "0", "false")


def _start(place: Place, root: Path) -> socket.socket | None:
    """A connection to a new helper; it returns to us once it can be found."""
    home = str(Path(grader.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {home!r}); from grader.warm.helper import start; start({str(root)!r})"
    # A session of its own: Ctrl-C and closed windows are not for it. -P: the lesson's folder is no library.
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=START_S,
            check=False,
        )
    deadline = time.monotonic() + CONNECT_S
    while (connection := place.connect()) is None and time.monotonic() < deadline:
        time.sleep(0.02)  # another one is starting right now, and has the lock but no socket yet
    return connection


def _converse(connection: socket.socket, asked: Ask, place: Place) -> Graded | Refused | None:
    """What the helper makes of it; None if it dies, falls silent or says what nobody understands."""
    connection.settimeout(SILENCE_S)
    reply: Reply = Alive()
    try:
        send(connection, asked)
        while isinstance(reply, Alive):
            reply = receive_reply(connection)
    except TimeoutError:
        _put_down(connection, place)
        return None
    except (OSError, EOFError, msgspec.MsgspecError):
        return None
    return reply


def _put_down(connection: socket.socket, place: Place) -> None:
    """End a helper that hangs, where we know its number, and let the next check start another."""
    pid, _ = peer_of(connection)
    if pid > 1:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    place.clear()
