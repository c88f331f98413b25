"""The helper: holds a Session of a whole lesson, and grades for whoever asks by its socket. Ends after idling.

Whoever asks again while it grades waits for a while. Whoever hangs up ends what is done for him. It retires, so that
others start a new one, when what it has loaded is not what lies there any more, and when a check came out `broken`.
"""

import concurrent.futures
import contextlib
import os
import select
import signal
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from grader.warm.letters import Alive, Ask, Graded, Refused, receive_ask, send
from grader.warm.place import Place, is_same_user, place_of

if TYPE_CHECKING:
    from grader.catalog import Catalog, Exercise
    from grader.checking.cancelling import Cancellation
    from grader.checking.grading import Grading

IDLE_VARIABLE = "GRADER_IDLE_S"
IDLE_S = 600.0
TICK_S = 0.5
PATIENCE_S = 5.0
"""How long one who asks waits for another: grading by oneself takes about as long."""


def start(root: str) -> None:
    """Entry point of the process: returns once a helper can be found, this process's child or another."""
    place = place_of(Path(root))
    lock = place.claim() if place else None
    if place is None or lock is None:
        return
    listening = place.listen()
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os.read(reading, 1)
        return
    listening.listen()  # once more: who connects is told the number of the process that did this
    os.close(reading)
    os.close(writing)  # and nobody is sent here before
    helper = Helper(Path(root), place, lock, listening, float(os.environ.get(IDLE_VARIABLE, IDLE_S)))
    signal.signal(signal.SIGTERM, lambda *_: helper.retire())
    helper.serve()


class Helper:
    """One lesson's helper. Its session belongs to one thread, those who ask have one each."""

    def __init__(self, root: Path, place: Place, lock: int, listening: socket.socket, idle_s: float) -> None:
        self._root, self._place, self._lock, self._listening, self._idle_s = root, place, lock, listening, idle_s
        self._retired = threading.Event()
        self._retiring = threading.RLock()  # a signal may come while the same thread holds it
        self._callers: list[threading.Thread] = []
        self._last_use = time.monotonic()
        self._bench = concurrent.futures.ThreadPoolExecutor(1)
        self._loaded = self._bench.submit(_Loaded, root)

    def serve(self) -> None:
        """Answer until nobody has asked for a while, or this helper has retired."""
        try:
            while not self._retired.is_set():
                if select.select([self._listening], [], [], TICK_S)[0]:
                    self._admit()
                self._callers = [caller for caller in self._callers if caller.is_alive()]
                if self._callers:
                    self._last_use = time.monotonic()
                elif time.monotonic() - self._last_use > self._idle_s or not self._place.is_held_by(self._lock):
                    break
        finally:
            self.retire()
            for caller in self._callers:
                caller.join()
            self._listening.close()
            self._bench.submit(self._unload).result()
            self._bench.shutdown()

    def retire(self) -> None:
        """Let nobody find this helper any more; what it is asked already, it still answers."""
        with self._retiring:
            if not self._retired.is_set():
                if self._place.is_held_by(self._lock):
                    self._place.clear()
                os.close(self._lock)
                self._retired.set()

    def _unload(self) -> None:
        if not self._loaded.exception():
            self._loaded.result().session.close()

    def _admit(self) -> None:
        connection = self._listening.accept()[0]
        caller = threading.Thread(target=self._answer, args=(connection,))
        caller.start()
        self._callers.append(caller)

    def _answer(self, connection: socket.socket) -> None:
        """Hear one question and answer it; whoever hangs up meanwhile wants no answer."""
        with connection, contextlib.suppress(OSError, EOFError):
            if not is_same_user(connection):
                return
            connection.settimeout(TICK_S * 10)
            try:
                asked = receive_ask(connection)
            except msgspec.MsgspecError:  # of another version of the engine, maybe
                self.retire()
                return
            send(connection, self._reply(connection, asked))

    def _reply(self, connection: socket.socket, asked: Ask) -> Graded | Refused:
        """The answer; raises EOFError if nobody waits for it any more."""
        _beat(connection, self._loaded)
        if self._loaded.exception():
            self.retire()
            return Refused("broken")
        loaded = self._loaded.result()
        if asked.fingerprint != loaded.fingerprint:
            self.retire()
            return Refused("stale")
        cancellation = loaded.new_cancellation()
        job = self._bench.submit(loaded.grade, asked, cancellation)
        try:
            if not _beat(connection, job, PATIENCE_S):
                return Refused("busy")
        except BaseException:
            job.cancel()
            cancellation.wish()
            raise
        # An exception is told by whoever grades without us, if it comes up there too.
        reply = Refused("broken") if job.exception() else job.result()
        if isinstance(reply, Refused):
            self.retire()
        return reply


class _Loaded:
    """What the helper keeps warm."""

    def __init__(self, root: Path) -> None:
        # Here and not above: whoever waits for the socket of this process need not wait for these.
        from grader.catalog import read_catalog
        from grader.grade import Session
        from grader.salt import secret_file
        from grader.submission import existing_secrets

        self.catalog: Catalog = read_catalog(root)
        self.fingerprint = self._now()
        self.session = Session(self.catalog.exercises, unreadable=existing_secrets([secret_file()]))
        try:
            _ = self.session.checks
        except BaseException:
            self.session.close()
            raise

    def new_cancellation(self) -> "Cancellation":
        from grader.checking.cancelling import Cancellation

        return Cancellation()

    def grade(self, asked: Ask, cancellation: "Cancellation") -> Graded | Refused:
        """The report, if it rests on nothing but what lies there still, and none of it is our fault.

        Exercises have nothing in common but the zygote, so they are judged beside each other.
        """
        from grader.grade import report_of
        from grader.verdict import Verdict
        from grader.worker.isolation import weakest

        def judge(exercise: "Exercise") -> "Grading":
            checks = {found.check.id for found in self.session.checks if found.exercise is exercise}
            source = asked.sources.get(exercise.name)
            return self.session.judge(exercise.name, source, asked.seed, checks, {}, cancellation=cancellation)

        chosen = [exercise for exercise in self.catalog.exercises if exercise.name in asked.exercises]
        with concurrent.futures.ThreadPoolExecutor(_cores()) as threads:
            gradings = list(threads.map(judge, chosen))
        judged = [check for grading in gradings for check in grading.judged.values()]
        if any(check.verdict is Verdict.BROKEN for check in judged):
            return Refused("broken")
        if self._now() != self.fingerprint:
            return Refused("stale")
        isolation = weakest(grading.isolation for grading in gradings)
        report = report_of(chosen, judged, asked.seed, isolation, full=False, salt="")
        return Graded(report, self.session.notice)

    def _now(self) -> str:
        from grader.warm.fingerprint import fingerprint

        return fingerprint(self.catalog)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _beat(connection: socket.socket, job: "concurrent.futures.Future[Any]", patience_s: float = float("inf")) -> bool:
    """Wait until a job is done, and say meanwhile that we live; False for one that waits too long for its turn."""
    deadline = time.monotonic() + patience_s
    while not concurrent.futures.wait([job], TICK_S).done:
        if select.select([connection], [], [], 0)[0]:  # nothing more is to be said there: it was closed
            raise EOFError("the other end is gone")
        send(connection, Alive())
        if time.monotonic() > deadline and job.cancel():
            return False
    return True
