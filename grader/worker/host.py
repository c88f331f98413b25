"""The grader's end of a worker: starts one, asks it, and turns whatever happens into an Outcome.

Never imports torch, probes or a submission. What comes back is data that its sender may have made up.
"""

import contextlib
import itertools
import json
import math
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import grader
from grader.errors import BrokenError, UnansweredError, WireError
from grader.wire import MAX_NAME, Channel, Message, Received, Sealed, Tensor, Value, seal
from grader.worker import scratch, watch
from grader.worker.core import Core
from grader.worker.isolation import Confinement
from grader.worker.limits import MAX_BASES, MAX_FRAMES, MAX_LINE, MAX_REQUEST, MAX_TEXT, Limits

MIB = 1024 * 1024
KEPT_OUTPUT = 16 * 1024
STARTUP_S = 120.0
SENDING_S = 1.0
"""for what a socket takes in without anybody reading"""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Served:
    """One exercise as a worker needs to know it."""

    name: str
    probes: Path
    framework: str
    warm: tuple[str, ...]
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What a worker is started for."""

    exercise: str
    limits: Limits
    trusted: bool = False
    """whether it will run our own code: it enters the jail too, but need not prove that it holds"""
    forbidden: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """files that it must not be able to read, which it proves before it gets anything"""


@dataclass(frozen=True)
class Frame:
    """A line of the submission that an exception passed through."""

    line: int
    function: str
    text: str


@dataclass(frozen=True)
class Answer:
    """The probe returned."""

    value: Value


@dataclass(frozen=True)
class Raised:
    """The implementation raised; `bases` starts with the type itself."""

    type_name: str
    bases: tuple[str, ...]
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Died:
    """No answer, and there will be none from this worker; `reason` completes "your code" to a sentence."""

    reason: str
    kind: Literal["died", "hung", "limit"] = "died"
    doubt: watch.Doubt = watch.Doubt.NONE
    """whether it hung where it may have waited for a core"""


Outcome = Answer | Raised | Died


@dataclass(frozen=True)
class Reply:
    """What came back to a question, not yet looked into."""

    received: Received
    number: int
    """of the question"""

    @cached_property
    def fingerprint(self) -> bytes:
        """The same for replies that say the same; empty for one that nobody can compare."""
        return self.received.fingerprint(self.number)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.received.header) + len(self.received.body)


class Process(Protocol):
    """A started worker process."""

    @property
    def handle(self) -> int | None:
        """A descriptor that stands for it, where the system has those."""

    def end(self, grace_s: float) -> int:
        """Wait at most that long for it to end, then kill it; its exit code, negative for a signal."""


@dataclass(frozen=True)
class Started:
    """A process, the socket to speak to it, and a descriptor on which its output can be read."""

    process: Process
    connection: socket.socket
    output: int


class Launcher(Protocol):
    """Starts workers."""

    notice: str
    """what a user should know about it; empty where all is as usual"""
    core: Core
    """what workers compute on"""

    def start(self, order: Order, scratch: Path) -> Started:
        """A worker whose folder for files is `scratch`."""

    def close(self) -> None:
        """End everything that was started."""


class Zygote:
    """The warm process that workers are forked from (Linux)."""

    notice = ""

    def __init__(self, exercises: tuple[Served, ...]) -> None:
        self._rehearsed = tempfile.mkdtemp(prefix="grader-")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = start_python(
            f"from grader.worker.zygote import start; start({theirs.fileno()})",
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
        )
        theirs.close()
        described_exercises = {served.name: described(served) for served in exercises}
        self._control.send(json.dumps({"exercises": described_exercises, "scratch": self._rehearsed}).encode())
        self._announced: dict[str, Any] | None = None
        self.core = Core()
        # One request at a time: two threads must not read each other's replies.
        self._lock = threading.Lock()

    def start(self, order: Order, scratch: Path) -> Started:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with theirs:
            request = {"op": "fork", "scratch": str(scratch), "grader": os.getpid()} | asdict(order)
            try:
                pid, handle = self._fork(request, [theirs.fileno(), writing])
            finally:
                os.close(writing)
        return Started(_Forked(self, pid, handle), ours, reading)

    def attach(self) -> socket.socket:
        """A line of its own to the same warm process, for a forked copy of this one to `adopt`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._request({"op": "attach"}, [theirs.fileno()])
        return ours

    def adopt(self, line: socket.socket, core: Core) -> None:
        """In a forked copy of the process that made us: leave its line alone, and speak by this one."""
        self._control.close()
        self._control, self._lock, self.core = line, threading.Lock(), core

    def announced(self) -> dict[str, Any]:
        """What it found out about the jail that this machine allows; waits until it has warmed up."""
        with self._lock:
            try:
                return self._await_announcement()
            except OSError as error:
                raise self._gone(error) from None

    def end(self, pid: int, grace_s: float) -> int:
        """Reap one worker; its exit code, negative for a signal."""
        return int(self._request({"op": "end", "pid": pid, "grace_s": grace_s})[0]["code"])

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        scratch.remove(Path(self._rehearsed))

    def _fork(self, request: dict[str, Any], descriptors: list[int]) -> tuple[int, int | None]:
        reply, handles = self._request(request, descriptors)
        return int(reply["pid"]), handles[0] if handles else None

    def _request(
        self, request: dict[str, Any], descriptors: list[int] | None = None
    ) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            try:
                self._await_announcement()
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors or [])
                return self._receive()
            except OSError as error:
                raise self._gone(error) from None

    def _await_announcement(self) -> dict[str, Any]:
        if self._announced is None:
            self._announced = self._receive()[0]
        return self._announced

    def _receive(self) -> tuple[dict[str, Any], list[int]]:
        self._control.settimeout(STARTUP_S)
        data, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST, 1)
        if not data:
            raise BrokenPipeError("it ended")
        reply: dict[str, Any] = json.loads(data)
        return reply, descriptors

    def _gone(self, error: OSError) -> BrokenError:
        return BrokenError(f"the worker zygote is gone ({error}); it said: {self._last_words()}")

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "nothing"


@dataclass(frozen=True)
class _Forked:
    zygote: Zygote
    pid: int
    handle: int | None

    def end(self, grace_s: float) -> int:
        if self.handle is not None and grace_s:  # others may ask the zygote while we wait
            select.select([self.handle], [], [], grace_s)
            grace_s = 0.0
        return self.zygote.end(self.pid, grace_s)


class Spawner:
    """Starts each worker as a fresh Python process, where fork is missing or unsafe (macOS, Windows)."""

    notice = "This platform cannot fork a warm process safely: each worker starts afresh, which takes some seconds."

    def __init__(self, exercises: tuple[Served, ...]) -> None:
        self._exercises = {served.name: served for served in exercises}
        self.core = Core()

    def start(self, order: Order, scratch: Path) -> Started:
        # A loopback connection is the one private channel that every platform can hand to a child.
        with socket.create_server(("127.0.0.1", 0)) as server:
            token = os.urandom(16).hex()
            letter = {
                "port": server.getsockname()[1],
                "token": token,
                "exercise": described(self._exercises[order.exercise]) | {"name": order.exercise},
                "forbidden": order.forbidden,
            }
            reading, writing = os.pipe()
            with tempfile.TemporaryFile() as standard_input:
                standard_input.write(json.dumps(letter).encode())
                standard_input.seek(0)
                code = "from grader.worker.spawned import start; start()"
                process = start_python(
                    code, stdin=standard_input, stdout=writing, stderr=writing, cwd=scratch, start_new_session=True
                )
            os.close(writing)
            connection = _accept(server, token, process)
        return Started(_Spawned(process), connection, reading)

    def close(self) -> None:
        """Nothing outlives its worker."""


@dataclass(frozen=True)
class _Spawned:
    process: subprocess.Popen[bytes]
    handle: int | None = None

    def end(self, grace_s: float) -> int:
        try:
            self.process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
        code = self.process.wait()
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM where only zombies are left
                os.killpg(self.process.pid, signal.SIGKILL)  # what it left behind is in its group
        return code


def _accept(server: socket.socket, token: str, process: subprocess.Popen[bytes]) -> socket.socket:
    """The connection of our own child: whoever connects must show the token."""
    server.settimeout(0.5)
    deadline = time.monotonic() + STARTUP_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection = server.accept()[0]
        except TimeoutError:
            continue
        connection.settimeout(5)
        if connection.recv(len(token), socket.MSG_WAITALL) == token.encode():
            return connection
        connection.close()
    process.kill()
    raise BrokenError("a worker process could not be started")


def launch(exercises: tuple[Served, ...], *, fork: bool | None = None) -> Launcher:
    """The best way of starting workers that this platform has."""
    if sys.platform == "linux" if fork is None else fork:
        return Zygote(exercises)
    return Spawner(exercises)


def described(served: Served) -> dict[str, Any]:
    """What a worker process is told of an exercise."""
    return {
        "probes": str(served.probes),
        "framework": served.framework,
        "warm": served.warm,
        "forbidden": served.forbidden,
    }


def start_python(code: str, variables: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """A Python process with an environment that says nothing about this machine's user, and `variables`."""
    home = str(Path(grader.__file__).parents[1])
    # The working directory and the user's packages stay out; the engine's own folder is named instead. Not -I, which
    # would ignore the environment, and with it the one order of sets of names in every run: messages must repeat.
    command = [sys.executable, "-P", "-s", "-c", f"import sys; sys.path.insert(0, {home!r}); {code}"]
    # Whatever libraries look for while they are imported: what drives a GPU does not survive a fork.
    environment = {"CUDA_VISIBLE_DEVICES": "", **(variables or {}), **dict.fromkeys(THREAD_VARIABLES, "1")} | {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C.UTF-8",
        "OMP_WAIT_POLICY": "PASSIVE",  # whoever asks for two threads: one that waits for the other must not keep a core
    }
    if sys.platform == "win32":
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]  # sockets do not work without it
    return subprocess.Popen(command, env=environment, **options)


class Output:
    """What a worker prints: drained so that it never blocks, kept only at its beginning, counted in full."""

    def __init__(self, descriptor: int, limit: int, on_overflow: Callable[[], None]) -> None:
        self._descriptor, self._limit, self._on_overflow = descriptor, limit, on_overflow
        self._kept = bytearray()
        self._size = 0
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    @property
    def too_much(self) -> bool:
        return self._size > self._limit

    def take(self) -> str:
        """What was printed since the last call (its beginning), as text."""
        self._settle()
        with self._lock:
            text = bytes(self._kept).decode("utf-8", "replace")
            del self._kept[:]
        return text

    def join(self) -> None:
        """Wait until everything is read; only after the process has ended."""
        self._thread.join(timeout=5)

    def _settle(self) -> None:
        """Wait until the thread has taken in what was printed before the last answer."""
        while self._thread.is_alive() and sys.platform != "win32":
            with self._lock:
                if self._closed or not select.select([self._descriptor], [], [], 0)[0]:
                    return
            time.sleep(0.001)

    def _drain(self) -> None:
        while True:
            if sys.platform != "win32":  # pipes cannot be waited for there, and reading under the lock would block
                select.select([self._descriptor], [], [])
            with self._lock:
                chunk = os.read(self._descriptor, 65536)
                self._size += len(chunk)
                self._kept += chunk[: max(0, KEPT_OUTPUT - len(self._kept))]
                if not chunk:
                    os.close(self._descriptor)
                    self._closed = True
                    return
            if self.too_much:
                self._on_overflow()


class Worker:
    """One process that holds one implementation. After a Died outcome it is gone for good."""

    def __init__(self, launcher: Launcher, order: Order) -> None:
        self._limits = limits = order.limits
        self._scratch = Path(tempfile.mkdtemp(prefix="grader-"))
        try:
            started = launcher.start(order, self._scratch)
        except BaseException:
            scratch.remove(self._scratch)
            raise
        self._process = started.process
        self._channel = Channel(started.connection)
        # Shutting the connection down wakes the conversation that waits on it.
        self.output = Output(started.output, limits.output_mib * MIB, self._channel.shut_down)
        self._watch: watch.Watch | None = None
        self.looks = watch.Looks()
        """at it, while it had its last question"""
        self._interrupted = False
        self._code = 0
        self._numbers = itertools.count(1)
        self._awaited: deque[int] = deque()
        """the numbers of the questions that were sent ahead and have no answer yet"""
        self.alive = True
        try:
            self.confinement = Confinement.of(self._channel.receive(time.monotonic() + STARTUP_S).value)
        except (EOFError, TimeoutError, WireError) as error:
            code = self.close(grace_s=0.5)
            words = self.output.take().strip().splitlines() or [str(error)]
            raise BrokenError(f"a worker could not be confined (exit code {code}): {words[-1]}") from None
        if not order.trusted:
            self._watch = _watch(started.process, limits, self._scratch, launcher.core)

    def load(self, name: str, source: bytes) -> Outcome:
        """Let it run a submission's source as module `name`."""
        tensor = Tensor("uint8", (len(source),), source)
        letter = seal("load", {"name": name, "source": tensor})
        return self.outcome(self._converse(letter, self._limits.load_s, self._limits.asleep_s))

    def ask(self, asked: Sealed, at_most_s: float = math.inf) -> "Reply | Died":
        """Let it run one probe beside its implementation, for as long as one call may take and `at_most_s`."""
        return self._converse(asked, min(self._limits.call_s, at_most_s))

    @property
    def awaits(self) -> int:
        """How many questions were sent ahead and have no answer yet."""
        return len(self._awaited)

    def send_ahead(self, questions: Iterable[Sealed]) -> None:
        """Send questions whose answers `next_reply` will wait for; who does not take them in soon is ended."""
        numbered = [(next(self._numbers), sealed) for sealed in questions]
        self._awaited.extend(number for number, _ in numbered)
        try:
            frames = b"".join(sealed.frame(number) for number, sealed in numbered)
            self._channel.send_frames(frames, time.monotonic() + SENDING_S)
        except TimeoutError:  # a part of them may have arrived
            self.close()
        except EOFError:
            return  # who waits for an answer will be told

    def next_reply(self, at_most_s: float = math.inf) -> "Reply | Died":
        """What came back to the first question that was sent ahead and has no answer yet.

        A call's time runs from the moment that the answer before it was here.
        """
        return self._await(self._awaited.popleft(), min(self._limits.call_s, at_most_s))

    def drain(self, at_most_s: float) -> None:
        """Let it answer what was sent ahead, and hear none of it; it is ended if that takes longer."""
        deadline = time.monotonic() + at_most_s
        while self._awaited and self.alive:
            self._await(self._awaited.popleft(), deadline - time.monotonic())

    def outcome(self, reply: "Reply | Died") -> Outcome:
        """What a reply means; whoever sent one that means nothing is ended."""
        if isinstance(reply, Died):
            return reply
        try:
            return outcome_of(reply.received.message, reply.number)
        except WireError as error:
            return self._garbled(error)

    def interrupt(self) -> None:
        """From another thread: what it is asked ends at once, as a death; whoever asked then buries it."""
        self._interrupted = True
        self._channel.shut_down()

    def close(self, grace_s: float = 0.0) -> int:
        """End it, unless it has ended; its exit code, negative for a signal."""
        if not self.alive:
            return self._code
        self.alive = False
        self._channel.close()
        if self._watch:
            self._watch.stop()
        try:
            self._code = self._process.end(grace_s)
            return self._code
        finally:
            self.output.join()
            scratch.remove(self._scratch)
            if self._process.handle is not None:
                os.close(self._process.handle)

    def _converse(self, sealed: Sealed, timeout_s: float, asleep_s: float = math.inf) -> "Reply | Died":
        number = next(self._numbers)
        deadline = time.monotonic() + timeout_s
        self._send(sealed.frame(number), timeout_s)
        return self._await(number, timeout_s, deadline, asleep_s)

    def _send(self, frames: bytes, timeout_s: float) -> None:
        # What kept them from being taken in is learnt by waiting for an answer.
        with contextlib.suppress(EOFError, TimeoutError):
            self._channel.send_frames(frames, time.monotonic() + timeout_s)

    def _await(
        self, number: int, timeout_s: float, deadline: float | None = None, asleep_s: float = math.inf
    ) -> "Reply | Died":
        """The reply to a question, `timeout_s` from now if there is no deadline for it and what was before.

        It is ended if it sleeps for `asleep_s` in all.
        """
        deadline = time.monotonic() + timeout_s if deadline is None else deadline
        self.looks = watch.Looks(asleep_at_most_s=asleep_s)
        if self._watch:
            self._watch.looks = self.looks
        try:
            return self._receive(number, deadline)
        except TimeoutError:
            self.close()
            return Died(f"did not answer within {_seconds(timeout_s)}", "hung", self.looks.doubt(timeout_s))
        except WireError as error:
            return self._garbled(error)
        except EOFError:
            # Its own exit code says more than our signal: a closed channel usually means that it is exiting.
            return self._death(self.close(grace_s=0.0 if self._interrupted else 0.5))
        finally:
            if self._watch:
                self._watch.looks = None

    def _receive(self, number: int, deadline: float) -> "Reply":
        while True:
            received = self._channel.receive_frame(deadline)
            # A frame with a lower number is a second answer to an earlier question, which is no longer of interest.
            if received.is_numbered(number) or received.message.number >= number:
                return Reply(received, number)

    def _garbled(self, error: WireError) -> Died:
        self.close()
        return Died(f"garbled the answer of its process ({error})")

    def _death(self, code: int) -> Died:
        if self.output.too_much:
            return Died(f"printed more than {self._limits.output_mib} MiB", "limit")
        if self._watch and self._watch.excess:
            return Died(self._watch.excess, "limit")
        if self.looks.overslept:
            return Died(
                f"slept for {_seconds(self.looks.asleep_at_most_s)}, waiting for what does not come here", "hung"
            )
        if code == -signal.SIGKILL:  # by us, half a second after the channel closed, or by the system for its memory
            return Died("closed its channel to the grader, or was killed")
        if code < 0:
            return Died(f"crashed its process ({signal.Signals(-code).name})")
        return Died(f"ended its process (exit status {code})")


def _seconds(number: float) -> str:
    return f"{number:g} second{'s' if number != 1 else ''}"


def _watch(process: Process, limits: Limits, folder: Path, core: Core) -> watch.Watch | None:
    handle = process.handle
    number = None if handle is None else watch.process_of(handle)
    if handle is None or number is None:
        return None
    return watch.Watch(number, limits, folder, lambda: watch.kill(handle), core)


def question(probe: str, arguments: Mapping[str, Value], seed: int) -> Sealed:
    """What a probe is asked; raises UnansweredError for what cannot travel, which is never the worker's fault."""
    try:
        return seal("ask", {"probe": probe, "arguments": dict(arguments), "seed": seed})
    except WireError as error:
        raise UnansweredError(f"the probe `{probe}` cannot be asked: {error}") from None


def outcome_of(message: Message, number: int) -> Outcome:
    """A reply's meaning; raises WireError for one that is out of turn or not of the form that was agreed."""
    if message.number != number:
        raise WireError("it answers another question")
    match message.kind, message.value:
        case "answer", {"value": value, **rest} if not rest:
            return Answer(value)
        case "raised", {"type": str(name), "bases": list(bases), "message": str(text), "frames": list(frames)} if (
            len(message.value) == 4
        ):
            names = tuple(str(base)[:MAX_NAME] for base in bases[:MAX_BASES])
            return Raised(name[:MAX_NAME], names, text[:MAX_TEXT], tuple(map(_frame, frames[-MAX_FRAMES:])))
    raise WireError("it is not a reply")


def _frame(value: Value) -> Frame:
    match value:
        case {"line": int(line), "function": str(function), "text": str(text)}:
            return Frame(line, function[:MAX_NAME], text[:MAX_LINE])
    raise WireError("a frame of a traceback is malformed")
