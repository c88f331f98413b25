"""Questions that a check is sure to ask are asked ahead, and answers that passed are not judged twice.

What a check asks and says follows from its case and from the answers that it gets. So of a case that was passed before,
the first question is known, and behind answers that were given before, byte for byte, the next one is, or that it
passes. Nothing else is taken for known: where an answer is new, the body goes on and asks one question after the other.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.checking.holding import Given, Question
from grader.checking.implementation import Exchange, Implementation

MAX_AHEAD = 48 * 1024
"""Bytes of questions on their way at a time: a socket takes in more, so that sending them waits for nobody."""
MAX_PATHS = 64
"""Places that are remembered of a case: right answers differ by rounding, and not in many ways."""
FRAMING = 128
"""bytes of a question beside what it says, at the most"""

Place = bytes
"""A digest of all answers to a case so far; empty at its beginning."""


@dataclass
class Tree:
    """What follows in a case on the answers so far: the next question, or None where it passes."""

    known: dict[Place, Question | None] = field(default_factory=dict)
    is_fit: bool = True
    """whether one thing only was ever seen to follow"""

    def learn(self, exchanges: Iterable[Exchange]) -> None:
        """Add how a case was passed, as far as its answers can be told from others."""
        place = b""
        for exchange in exchanges:
            if exchange.question is None:
                return
            self._note(place, exchange.question)
            if not exchange.fingerprint:
                return
            place = behind(place, exchange.fingerprint)
        if place:
            self._note(place, None)

    def _note(self, place: Place, follows: Question | None) -> None:
        if place in self.known:
            before = self.known[place]
            self.is_fit &= (before and before.sealed) == (follows and follows.sealed)
        elif len(self.known) < MAX_PATHS:
            self.known[place] = follows and self._once(follows)

    def _once(self, question: Question) -> Question:
        """The same question as it is kept already: many answers lead to it."""
        kept = (other for other in self.known.values() if other and other.sealed == question.sealed)
        return next(kept, question)


def behind(place: Place, fingerprint: bytes) -> Place:
    """Where an answer leads from a place."""
    return hashlib.sha256(place + fingerprint).digest()


class Trees:
    """Those of all cases, by the seed of their check and their number."""

    def __init__(self) -> None:
        self._trees: dict[tuple[int, int], Tree] = {}

    def of(self, seed: int, number: int) -> Tree | None:
        """That of a case, if its first question is known."""
        tree = self._trees.get((seed, number))
        return tree if tree and tree.is_fit and tree.known else None

    def learn(self, seed: int, number: int, exchanges: Iterable[Exchange]) -> None:
        """Add what was asked and answered in a case that passed."""
        self._trees.setdefault((seed, number), Tree()).learn(exchanges)


@dataclass
class _Look:
    """How far a case was followed."""

    tree: Tree
    place: Place = b""
    asked: list[tuple[Question, Given]] = field(default_factory=list)

    @property
    def next(self) -> Question | None:
        """The question that is sure to be asked next, if there is one."""
        return self.tree.known.get(self.place)

    @property
    def passes(self) -> bool:
        return self.next is None and self.place in self.tree.known

    def follow(self, question: Question, given: Given) -> None:
        """Go on with an answer."""
        self.asked.append((question, given))
        self.place = behind(self.place, given.fingerprint) if given.fingerprint else NOWHERE


NOWHERE: Place = b"nowhere"
"""Behind an answer that is none, or cannot be compared: nothing is known there."""


class Ahead:
    """Follows the cases of a check with one implementation: one case, then two at a time, four and so on.

    Most of what fails, fails the first case.
    """

    def __init__(self, student: Implementation, trees: Trees, seed: int, cases: int) -> None:
        self._student, self._trees, self._seed, self._cases = student, trees, seed, cases
        self._looks: dict[int, _Look] = {}
        self._width = 1

    def passes(self, number: int) -> bool:
        """Whether the answers to a case are ones that passed; the student has at hand what others it gave to it."""
        if number not in self._looks and self._student.held.is_attentive:
            self._look(number)
        look = self._looks.pop(number, None)
        self._student.expect(look.asked if look and not look.passes else ())
        return look is not None and look.passes

    def passed(self, number: int) -> None:
        """Learn from a case that passed when its body was run."""
        self._trees.learn(self._seed, number, self._student.exchanges)

    def _look(self, number: int) -> None:
        """Follow this case and some behind it, unless what is printed meanwhile could not be told apart."""
        held, spent_s = self._student.held, self._student.held.spent_s
        looks = self._window(number)
        self._width *= 2
        while asking := _that_fit((look, look.next) for look in looks.values()):
            given = held.ask_ahead([question for _, question in asking])
            for (look, question), one in zip(asking, given, strict=False):
                look.follow(question, one)
            if len(given) < len(asking) or any(not one.fingerprint for one in given):
                break
        if held.printed():
            held.spent_s = spent_s  # these answers are not used
        else:
            self._looks = looks

    def _window(self, number: int) -> dict[int, _Look]:
        trees = {
            later: self._trees.of(self._seed, later) for later in range(number, min(number + self._width, self._cases))
        }
        return {later: _Look(tree) for later, tree in trees.items() if tree}


def _that_fit(asking: Iterable[tuple[_Look, Question | None]]) -> list[tuple[_Look, Question]]:
    """The questions that a socket has room for."""
    fitting: list[tuple[_Look, Question]] = []
    room = MAX_AHEAD
    for look, question in asking:
        if question is not None and (room := room - question.size - FRAMING) >= 0:
            fitting.append((look, question))
    return fitting
