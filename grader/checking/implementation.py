"""The handles that checks ask: `student`, `oracle`, `reference`. Each turns what its worker did into a verdict.

The two sides differ in one thing only: what goes wrong in the student's worker after loading is the student's
`fail`; what goes wrong in a trusted worker, or before loading, is ours.
"""

import builtins
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeAlias

import numpy as np

from grader.cells.places import is_made, place_of
from grader.checking.cancelling import Cancellation
from grader.checking.finding import Failed, Finding, Todo
from grader.checking.holding import Given, Heard, Held, Question, Source
from grader.errors import UnansweredError
from grader.verdict import LOADING
from grader.wire import FORBIDDEN_IMPORT, Opaque, Tensor, Value
from grader.worker.host import Answer, Died, Launcher, Outcome, Raised
from grader.worker.limits import Limits
from grader.worker.watch import Doubt

Argument: TypeAlias = "np.ndarray | Value"


class Observations(Mapping[str, Value]):
    """What a probe saw, by name. A name that is not there is a failure of whoever answered."""

    def __init__(self, values: Mapping[str, Value], missing: Callable[[str], NoReturn]) -> None:
        self._values, self._missing = values, missing

    def __getitem__(self, name: str) -> Value:
        if name not in self._values:
            self._missing(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True)
class Exchange:
    """One question to an implementation, and what came back."""

    probe: str
    arguments: Mapping[str, Value]
    outcome: Outcome
    question: Question | None = field(default=None, compare=False)
    """as it was asked"""
    fingerprint: bytes = field(default=b"", compare=False)
    """of the answer, if there is one that can be compared"""


class Implementation:
    """One implementation of an exercise, in a worker that is replaced when it dies."""

    def __init__(
        self, source: Source, launcher: Launcher, exercise: str, cancellation: Cancellation | None = None
    ) -> None:
        self.source = source
        self.last_probe = ""
        self.last_plain: dict[str, Argument] = {}
        """the arguments of the last probe that read well in a message"""
        self.exchanges: list[Exchange] = []
        """what it was asked since whoever asks last cleared this; nothing is kept of our own implementations"""
        self.doubts: set[Doubt] = set()
        """about each time that it hung: the machine may have been too busy for it"""
        self.held = Held(source, launcher, exercise, cancellation or Cancellation())
        self._launcher, self._exercise = launcher, exercise
        self._seed = 0
        self._foreseen: deque[tuple[Question, Given]] = deque()
        self._replies: dict[bytes, Answer] = {}

    def as_student(self) -> "Implementation":
        """The same file in the place of a student's, to learn whether a check itself is at fault."""
        return Implementation(replace(self.source, role="student"), self._launcher, self._exercise)

    def begin(self, seed: int) -> None:
        """Start a check: global generators are seeded with `seed` before each of its probes."""
        self._seed = seed
        self._foreseen.clear()
        self.held.begin()
        self.last_probe, self.last_plain = "", {}

    def ask(self, probe: str, **arguments: Argument) -> Observations:
        """Run a probe beside this implementation; arrays travel by value. Returns only if it answered."""
        outcome = self._outcome(probe, arguments)
        if not isinstance(outcome, Answer):
            self._explain(outcome)
        if isinstance(outcome.value, Opaque):
            self._fail(Finding("type", "the answer cannot be sent to the grader", saw=outcome.value.type_name))
        if not isinstance(outcome.value, dict):
            self._fail(Finding("missing", f"the probe `{probe}` did not report what it saw"))
        return Observations(outcome.value, self._missing)

    def must_raise(self, type_name: str, probe: str, **arguments: Argument) -> None:
        """Fail unless the probe raises an exception of that type (or a subclass of it)."""
        outcome = self._outcome(probe, arguments)
        match outcome:
            case Raised() if not _is_hole(outcome):
                if type_name in outcome.bases:
                    return
                frames = _frames(outcome, self.source)
                saw = f"{outcome.type_name}: {outcome.message}"
                self._fail(Finding("raises", "the wrong exception was raised", type_name, saw, frames=frames))
            case Answer():
                self._fail(Finding("raises", "an exception was expected", type_name, "it returned normally"))
        self._explain(outcome)

    def expect(self, foreseen: Iterable[tuple[Question, Given]]) -> None:
        """Answer these questions, if they are what is asked now, by what was given ahead."""
        self._foreseen = deque(foreseen)

    def forget(self) -> None:
        """Let go of its replies, where nobody will ask the same again."""
        self._replies.clear()

    def close(self) -> None:
        """End its worker, if one runs."""
        self.held.close()

    def _outcome(self, probe: str, arguments: Mapping[str, Argument]) -> Outcome:
        if self.source.content is None:
            raise Todo("")
        self.last_probe = probe
        self.last_plain = {name: value for name, value in arguments.items() if _is_short(value)}
        asked = Question(probe, {name: sendable(value) for name, value in arguments.items()}, self._seed)
        if self.source.trusted:
            return self._remembered(asked)
        heard = self._given_ahead(asked) or self.held.converse(asked)
        if isinstance(heard.outcome, Died):
            self.doubts.add(heard.outcome.doubt)
        self.exchanges.append(Exchange(probe, asked.arguments, heard.outcome, asked, heard.fingerprint))
        return heard.outcome

    def _given_ahead(self, asked: Question) -> Heard | None:
        """What came of a question that was sent ahead; None for one that has to be asked."""
        if not self._foreseen:
            return None
        question, given = self._foreseen.popleft()
        heard = self.held.read(given) if question.sealed == asked.sealed else None
        if heard is None:
            self._foreseen.clear()
        return heard

    def _remembered(self, asked: Question) -> Outcome:
        """What one of our own implementations answers: that is computed once."""
        try:
            key = asked.key
        except UnansweredError as error:
            raise UnansweredError(f"{self.source.role} of {self._exercise}: {error}") from None
        if key not in self._replies:
            outcome = self.held.converse(asked).outcome
            if not isinstance(outcome, Answer):
                return outcome
            self._replies[key] = outcome
        return self._replies[key]

    def _explain(self, outcome: Outcome) -> NoReturn:
        """Raise the verdict that an exception or a death leads to."""
        file = "your notebook" if is_made(self.source.content or b"") else f"{self.source.name}.py"
        subject = "it" if self.source.trusted else "your code"
        loading = outcome is self.held.load_failure
        match outcome:
            case Raised() if _is_hole(outcome) and not loading and not self.source.trusted:
                raise Todo(outcome.message)
            case Raised():
                what = f"{file} cannot be loaded" if loading else f"{subject} raised"
                headline = f"{what}: {outcome.type_name}: {outcome.message}".rstrip(": ")
                kind = "forbidden" if FORBIDDEN_IMPORT in outcome.bases else f"raised {_known_type(outcome)}"
                kind = f"{LOADING}{kind}" if loading else kind
                note = _limit_note(outcome, self.source.limits)
                frames = _frames(outcome, self.source)
                self._fail(Finding(kind, headline, note=note, frames=frames, fatal=loading))
            case Died(reason, kind):
                subject = f"{file}, while it was loaded," if loading else subject
                self._fail(Finding(f"{LOADING}{kind}" if loading else kind, f"{subject} {reason}", fatal=True))
        raise AssertionError(f"{outcome} needs no explanation")

    def _fail(self, finding: Finding) -> NoReturn:
        if self.source.trusted:
            who = f"{self.source.role} of {self._exercise}, probe `{self.last_probe}`"
            # Where, but not what stands there: a report must not hold lines of the reference.
            places = [frame.partition(": ")[0] for frame in finding.frames]
            raise UnansweredError(", ".join([f"{who}: {finding.headline}", *places]))
        raise Failed(finding)

    def _missing(self, name: str) -> NoReturn:
        self._fail(Finding("missing", f"the probe `{self.last_probe}` did not report `{name}`"))


def sendable(value: Argument) -> Value:
    """An argument of a probe as it travels; raises TypeError for numpy scalars, which JSON does not know."""
    if isinstance(value, np.ndarray):
        return Tensor.of(value)
    if isinstance(value, np.generic):
        raise TypeError(f"send a plain {type(value.item()).__name__}, not a {type(value).__name__}")
    if isinstance(value, list | tuple):
        return [sendable(item) for item in value]
    if isinstance(value, dict):
        return {key: sendable(item) for key, item in value.items()}
    return value


def _is_short(value: Argument) -> bool:
    return not isinstance(value, np.ndarray) and len(repr(value)) <= 24


def _is_hole(outcome: Raised) -> bool:
    """Whether an open hole of the stub was reached: torch raises NotImplementedError for reasons of its own."""
    reached = outcome.frames[-1].text if outcome.frames else ""
    return outcome.type_name == "NotImplementedError" and reached.startswith("raise NotImplementedError")


def _known_type(outcome: Raised) -> str:
    """The nearest type that Python has: the name of a submission's own could tell what a hidden check sends."""
    return next((base for base in outcome.bases if hasattr(builtins, base)), "an exception")


def _frames(outcome: Raised, source: Source) -> tuple[str, ...]:
    """The lines that an exception passed through, each with its place in the file or the notebook that has it."""
    content = source.content or b""
    places = [place_of(content, frame.line) or f"{source.name}.py:{frame.line}" for frame in outcome.frames]
    return tuple(
        f"{place} in {frame.function}: {frame.text}" for place, frame in zip(places, outcome.frames, strict=True)
    )


def _limit_note(outcome: Raised, limits: Limits) -> str:
    """What an exception of the system's means in a worker, where limits are tighter than elsewhere."""
    notes = {
        "MemoryError": f"a worker may use {limits.memory_mib} MiB of memory",
        "can't allocate memory": f"a worker may use {limits.memory_mib} MiB of memory",
        "can't start new thread": f"a worker may use {limits.memory_mib} MiB of memory, also for its threads",
        "File too large": f"a file may have {limits.file_mib} MiB",
        "No space left on device": f"all files together may have {limits.scratch_mib} MiB",
        "Too many open files": f"{limits.open_files} files may be open at a time",
        "Address family not supported": "a worker has no network",
        "PermissionError": "a worker may start no processes, and write files in its own folder only",
    }
    said = f"{outcome.type_name}: {outcome.message}"
    return next((note for sign, note in notes.items() if sign in said), "")
