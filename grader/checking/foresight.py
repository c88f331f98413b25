"""What a check will ask, as an earlier submission showed: it is asked ahead, and answers that passed need no judging.

What a check says of a case follows from the answers to its questions alone, so the same answers get the same verdict.
Nothing rests on a guess: who is asked otherwise, prints, or fails a case is asked one question after the other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from grader.checking.holding import Given, Question
from grader.checking.implementation import Exchange, Implementation

MAX_AHEAD = 48 * 1024
"""Bytes of questions on their way at a time: a socket takes in more, so that sending them waits for nobody."""
MAX_PASSED = 64
"""Sets of answers to a case that are remembered: right answers differ by rounding, and not in many ways."""


@dataclass(frozen=True)
class Script:
    """The questions of one case, and which answers to them passed."""

    questions: tuple[Question, ...]
    passed: set[bytes] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Bytes of its questions on the wire."""
        return sum(question.size for question in self.questions)


class Scripts:
    """Those of all cases, by the seed of their check and their number."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Script | None] = {}

    def of(self, seed: int, number: int) -> Script | None:
        """The script of a case; None where it is not known, or cannot be."""
        return self._known.get((seed, number))

    def learn(self, seed: int, number: int, exchanges: Iterable[Exchange]) -> None:
        """What was asked in a case that passed; nothing is learnt of one twice."""
        if (seed, number) not in self._known:
            questions = tuple(Question(exchange.probe, exchange.arguments, seed) for exchange in exchanges)
            script = Script(questions) if questions else None
            self._known[seed, number] = script if script and script.size <= MAX_AHEAD else None

    def forget(self, seed: int, number: int) -> None:
        """What is asked in this case depends on the answers: it is never asked ahead again."""
        self._known[seed, number] = None


class Ahead:
    """Asks one implementation the questions of a check's cases ahead: of one case, then two, four and so on.

    Most of what fails, fails the first case. Leaving the context waits for what was asked in vain.
    """

    def __init__(self, student: Implementation, scripts: Scripts, seed: int, cases: int) -> None:
        self._student, self._scripts, self._seed, self._cases = student, scripts, seed, cases
        self._sent: set[int] = set()
        self._width = 1
        self._answered = b""
        self._heard = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._student.held.settle()

    def passes(self, number: int) -> bool:
        """Whether the answers to a case are ones that passed; if they are others, the student gives them when asked."""
        self._answered, self._heard = b"", ""
        script = self._reach(number)
        if script is None:
            return False
        given = self._student.held.take_ahead(len(script.questions))
        self._answered = _fingerprint(given) if len(given) == len(script.questions) else b""
        if self._answered in script.passed:
            return True
        self._heard = self._student.held.printed()
        self._student.expect(script.questions, given)
        return False

    def mixed_up(self, printed: str) -> bool:
        """Whether what was printed on the last case, up to now, may belong to others that were asked ahead with it."""
        return bool(self._heard or printed) and bool(self._sent)

    def passed(self, number: int) -> None:
        """Remember of a case that it passed."""
        script = self._scripts.of(self._seed, number)
        if number not in self._sent:
            self._scripts.learn(self._seed, number, self._student.exchanges)
        elif not self._student.was_foreseen:
            self._scripts.forget(self._seed, number)
        elif script and self._answered and len(script.passed) < MAX_PASSED:
            script.passed.add(self._answered)

    def _reach(self, number: int) -> Script | None:
        """The script of a case, if its questions are on their way: they are sent if they can be."""
        script = self._scripts.of(self._seed, number)
        if self._student.held.awaits:
            return script if number in self._sent else None
        self._sent.clear()  # whoever should have answered may be gone
        if script is None or not self._student.held.is_attentive:
            return None
        scripts = list(self._window(number))
        self._sent.update(range(number, number + len(scripts)))
        self._student.held.ask_ahead([question for one in scripts for question in one.questions])
        self._width *= 2
        return script

    def _window(self, number: int) -> Iterable[Script]:
        size = 0
        for later in range(number, min(number + self._width, self._cases)):
            script = self._scripts.of(self._seed, later)
            size += script.size if script else 0
            if script is None or size > MAX_AHEAD:
                return
            yield script


def _fingerprint(given: Sequence[Given]) -> bytes:
    """The same for the same answers; empty where one cannot be compared, or did not come."""
    prints = [one.fingerprint for one in given]
    return hashlib.sha256(b"".join(prints)).digest() if all(prints) else b""
