"""One implementation in a worker that is replaced when it dies: whatever happens comes back as an Outcome.

Knows a submission's limits and what is left of them, and no verdicts.
"""

import contextlib
import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader.checking.cancelling import Cancellation
from grader.errors import BrokenError
from grader.wire import Sealed, Value
from grader.worker.host import Answer, Died, Launcher, Order, Outcome, Raised, Reply, Worker, question
from grader.worker.isolation import Isolation
from grader.worker.limits import Limits
from grader.worker.watch import Looks

PATIENCE_S = 0.25
"""for answers that nobody needs: a fresh worker costs less"""
MAX_KEPT = 8 * 1024 * 1024
"""Bytes of answers that are kept before anybody reads them."""


@dataclass(frozen=True)
class Source:
    """An implementation's file, to be loaded as module `name`; `content` is None if it was not handed in."""

    role: str
    name: str
    content: bytes | None
    forbidden: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    unreadable: tuple[str, ...] = ()
    """files that its worker must not be able to read"""
    needs_jail: bool = False
    """whether it must not run where a jail does not hold"""

    @property
    def trusted(self) -> bool:
        return self.role != "student"


@dataclass(frozen=True)
class Question:
    """What a probe is asked, and how global generators are seeded before."""

    probe: str
    arguments: Mapping[str, Value]
    seed: int

    @cached_property
    def sealed(self) -> Sealed:
        """As it travels; raises UnansweredError if it cannot."""
        return question(self.probe, self.arguments, self.seed)

    @property
    def key(self) -> bytes:
        """The same for the same question, whoever is asked; raises UnansweredError as `sealed` does."""
        return hashlib.sha256(self.sealed.rest + self.sealed.body).digest()

    @property
    def size(self) -> int:
        """Bytes on the wire, but for what every message has."""
        return len(self.sealed.rest) + len(self.sealed.body)


@dataclass(frozen=True)
class Given:
    """What came back to a question that was sent ahead, and from whom."""

    worker: Worker
    reply: Reply | Died

    @property
    def fingerprint(self) -> bytes:
        """The same for answers that say the same; empty for one that cannot be compared."""
        return b"" if isinstance(self.reply, Died) else self.reply.fingerprint


@dataclass(frozen=True)
class Heard:
    """What came of a question, and the fingerprint of the answer, if there is one."""

    outcome: Outcome
    fingerprint: bytes = b""


class Held:
    """The worker of one implementation, and the next one after a death."""

    def __init__(self, source: Source, launcher: Launcher, exercise: str, cancellation: Cancellation) -> None:
        self.isolations: list[Isolation] = []
        """of each worker that ran it"""
        self.load_failure: Raised | Died | None = None
        self._source, self._launcher, self._exercise = source, launcher, exercise
        self._cancellation = cancellation
        self._worker: Worker | None = None
        self._inherited: Worker | None = None
        self.spent_s = 0.0
        """seconds of the submission's time that are gone"""
        self._looks = Looks()
        self._printed = ""
        self._talks = False

    def begin(self) -> None:
        """Start a check: what breaks the worker that is there now may be an earlier one's doing."""
        self._inherited = self._worker
        self.printed()

    def printed(self) -> str:
        """What it printed since the last call."""
        text = self._printed + (self._worker.output.take() if self._worker else "")
        self._printed = ""
        self._talks = self._talks or bool(text)
        return text

    def converse(self, asked: Question) -> Heard:
        """Ask a question, and wait for what comes of it."""
        if self.load_failure:
            return Heard(self.load_failure)
        left_s = self._left_s
        if left_s <= 0:
            return Heard(self._out_of_time(" before this check"))
        self._launcher.core.take()  # if one that slept lent it; not on the student's time
        with self._on_its_time():
            worker = self.ready()
            if self.load_failure:
                return Heard(self.load_failure)
            with self._cancellation.interrupting(worker):
                reply = worker.ask(asked.sealed, left_s)
        return self.read(Given(worker, self._in_time(worker, reply))) or self.converse(asked)

    @property
    def is_attentive(self) -> bool:
        """Whether it can be asked ahead: its file is loaded, and it never printed what may belong to one question."""
        return self.is_alive and not (self.load_failure or self._talks)

    @property
    def is_alive(self) -> bool:
        """Whether it has a worker that was not ended."""
        return self._worker is not None and self._worker.alive

    def ask_ahead(self, questions: Sequence[Question]) -> list[Given]:
        """What comes back to questions that are sent together: only who `is_attentive` can be asked so.

        It ends with a death, and with more bytes than are worth keeping; what then is left of the questions is not
        answered.
        """
        worker, given, size = self.ready(), list[Given](), 0
        with self._cancellation.interrupting(worker):
            with self._on_its_time():
                worker.send_ahead([question.sealed for question in questions])
            while worker.alive and worker.awaits and size <= MAX_KEPT and self._left_s > 0:
                self._launcher.core.take()
                with self._on_its_time():
                    reply = worker.next_reply(self._left_s)
                given.append(Given(worker, self._in_time(worker, reply)))
                size += 0 if isinstance(reply, Died) else reply.size
            worker.drain(PATIENCE_S)
        return given

    def read(self, given: Given) -> Heard | None:
        """What an answer means, once who died of it is buried; None if the question deserves a fresh worker.

        An earlier check may have left behind what broke this one, a thread say: it is no fault of the one that asks.
        """
        worker, outcome = given.worker, given.worker.outcome(given.reply)
        if not worker.alive:
            if self._worker is worker:
                self._worker = None
            if worker is self._inherited and isinstance(outcome, Died) and outcome.kind != "hung":
                return None
            self._printed += worker.output.take()
        return Heard(outcome, b"" if isinstance(outcome, Died) else given.fingerprint)

    def succeed(self, former: "Held") -> None:
        """Take over another one's worker, if that lives, and load this source there.

        Only for files of our own: what one leaves behind in libraries, the next one meets.
        """
        worker, former._worker = former._worker, None
        if worker and worker.alive:
            self._worker = worker
            self._load(worker)

    def close(self) -> None:
        """End its worker, if one runs."""
        if self._worker:
            self._worker.close()
        self._worker = None

    def ready(self) -> Worker:
        """A living worker that has loaded the source, or has failed to: that is tried only once."""
        if self._worker is None or not self._worker.alive:
            self._worker = self._start()
            if self.load_failure is None:
                self._load(self._worker)
        return self._worker

    def _load(self, worker: Worker) -> None:
        with self._cancellation.interrupting(worker):
            outcome = worker.load(self._source.name, self._source.content or b"")
        self.load_failure = None if isinstance(outcome, Answer) else outcome

    def _start(self) -> Worker:
        source = self._source
        order = Order(self._exercise, source.limits, source.trusted, source.forbidden, source.unreadable)
        worker = Worker(self._launcher, order)
        isolation = worker.confinement.isolation
        if source.needs_jail and isolation is Isolation.NONE:
            worker.close()
            raise BrokenError(f"a worker was not confined: {worker.confinement.why}")
        self.isolations.append(isolation)
        return worker

    @property
    def _left_s(self) -> float:
        return math.inf if self._source.trusted else self._source.limits.total_s - self.spent_s

    @contextlib.contextmanager
    def _on_its_time(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.spent_s += time.monotonic() - started

    def _in_time(self, worker: Worker, reply: Reply | Died) -> Reply | Died:
        """The same, but for a death at the end of all time."""
        self._looks.add(worker.looks)
        return self._out_of_time() if isinstance(reply, Died) and self._left_s <= 0 else reply

    def _out_of_time(self, when: str = "") -> Died:
        total_s = self._source.limits.total_s
        return Died(f"used up the {total_s:g} seconds for this exercise{when}", "hung", self._looks.doubt(total_s))
