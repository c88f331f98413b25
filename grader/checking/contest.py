"""How checks on a GPU measure: one workload, run by a submission and by an implementation of ours, in turns.

The submission's process lives only while it is measured, so that it can slow down nobody else. Every repetition has
inputs of its own, made from a seed that is drawn when it is sent, and every answer is compared with the exact one.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from grader.checking.compare import array, close
from grader.checking.finding import Failed, Finding, Unjudged
from grader.checking.implementation import Argument, Implementation, Observations
from grader.checking.pace import Pace, Ruling, Sizes, Times, fits, pace
from grader.errors import UnansweredError
from grader.wire import Tensor, Value

AGREE = 1e-6
"""How far ours on the CPU and on the device may differ, as a share: some libraries compute in float32 at all times."""
SMALL = 32
"""By what the sizes of a workload are divided where the CPU computes it."""
WRONG = "what a timed step computed"
SETTLE_S, LOOK_S = 3.0, 0.02


@dataclass(frozen=True)
class Measured:
    """What a side answered, repetition by repetition, and what it said of each: milliseconds or bytes."""

    seed: int
    seeds: tuple[int, ...]
    answers: np.ndarray
    figures: tuple[float, ...]
    outside_ms: tuple[float, ...]


@dataclass(frozen=True)
class Contest:
    """Measures workloads. `used` reads how many bytes of the device's memory are in use, None where nobody says."""

    used: Callable[[], int | None]
    clock: Callable[[], float] = time.perf_counter
    draw: Callable[[], int] = field(default=lambda: secrets.randbits(60))
    rounds: int = 5
    """questions to a side"""
    settle: Callable[[], None] = lambda: None
    """waits until nothing of ours runs beside what is timed"""
    tell: Callable[[str, Pace], None] = lambda _workload, _pace: None
    """hears of each pace that was found, whatever becomes of it"""
    tries: int = 3
    """before anything but a pass is said: others may have been at the device"""
    repeats: int = 8
    """repetitions that each asks for: 40 timings, of which the median counts"""

    def time(
        self,
        student: Implementation,
        ours: Implementation,
        workload: str,
        *,
        at_most: float,
        rtol: float,
        than: str,
        like: str = "",
        **arguments: Argument,
    ) -> None:
        """Fail unless the student's steps of a workload are right, and take at most so many times what ours take.

        `than` says whose time it is compared with; `like` is another workload that ours runs for it, such as the bare
        base. Raises Unjudged where the clock stays too noisy.
        """
        seen: list[Pace] = []
        for _ in range(self.tries):
            student.close()
            before = self._run(ours, like or workload, "time", arguments)
            tried = self._run(student, workload, "time", arguments)
            student.close()
            after = self._run(ours, like or workload, "time", arguments)
            self._verify(tried, ours, workload, arguments, rtol)
            found = pace(_times(before), _times(tried), _times(after), at_most)
            self.tell(workload, found)
            seen.append(found)
            if found.ruling is Ruling.WITHIN:
                return
        # A turn that says nothing leaves fewer than were promised: then nothing is said at all.
        _rule(next((one for one in seen if one.ruling is Ruling.LOUD), seen[-1]), at_most, than)

    def right(
        self, student: Implementation, ours: Implementation, workload: str, *, rtol: float, **arguments: Argument
    ) -> None:
        """Fail unless the student's steps of a workload are right on the device."""
        tried = self._run(student, workload, "time", arguments)
        self._verify(tried, ours, workload, arguments, rtol)

    def peaks(
        self,
        student: Implementation,
        ours: Implementation,
        workload: str,
        *,
        rtol: float,
        like: str = "",
        **arguments: Argument,
    ) -> tuple[int, int]:
        """The bytes that a step of a workload needed at most, the student's and ours; fail unless the steps are right.

        And unless what was reported fits by how much the device's use grew.
        """
        student.close()
        for _ in range(self.tries):
            _, size_of_ours = self._weigh(ours, like or workload, arguments)
            # What is reported has to fit what the same work of ours needs, whatever it is compared with.
            same = self._weigh(ours, workload, arguments)[1] if like else size_of_ours
            tried, size = self._weigh(student, workload, arguments)
            self._verify(tried, ours, workload, arguments, rtol)
            if fits(same, size):
                return size.peak, size_of_ours.peak
        more = (size.growth - same.growth) // 2**20
        expected = f"at most {_mib(size.peak)} MiB, as reported"
        saw = f"the device's use grew by {more} MiB more than with ours"
        raise Failed(Finding("unfit", "the memory that was reported does not fit what the device used", expected, saw))

    def _weigh(self, who: Implementation, workload: str, arguments: dict[str, Argument]) -> tuple[Measured, Sizes]:
        """A side that starts anew, and how much of the device's memory it took, by its own word and by the driver's."""
        who.close()
        at_rest = self._settled()
        with self._watching() as looks:
            measured = self._run(who, workload, "weigh", arguments)
            looks.append(self._used())
        who.close()
        return measured, Sizes(int(max(measured.figures)), max(looks) - at_rest)

    def _run(self, who: Implementation, workload: str, what: str, arguments: dict[str, Argument]) -> Measured:
        seed = self.draw()
        who.ask(workload, do="prepare", seed=seed, **arguments)
        self.settle()
        seeds: list[int] = []
        answers, figures, outside_ms = [], list[float](), list[float]()
        for _ in range(self.rounds):
            fresh: list[Value] = [self.draw() for _ in range(self.repeats)]
            started = self.clock()
            seen = who.ask(workload, do=what, seeds=fresh)
            outside_ms.append(1000 * (self.clock() - started))
            answers.append(_answers(seen, self.repeats))
            figures += _figures(seen, self.repeats)
            seeds += [seed for seed in fresh if isinstance(seed, int)]
        who.forget()
        who.last_plain = {name: value for name, value in arguments.items() if not isinstance(value, np.ndarray)}
        return Measured(seed, tuple(seeds), np.concatenate(answers), tuple(figures), tuple(outside_ms))

    def _verify(
        self, tried: Measured, ours: Implementation, workload: str, arguments: dict[str, Argument], rtol: float
    ) -> None:
        """Compare every answer with what ours computes in float64 on the device.

        That it computes right there is seen by comparing it with the CPU, on a small case of the same workload: one as
        large as what is timed would take the CPU minutes.
        """
        model, one = self.draw(), self.draw()
        cpu, device = (self._exact(ours, workload, model, one, place, SMALL, arguments) for place in ("cpu", "device"))
        if not np.allclose(device, cpu, rtol=0, atol=min(rtol, AGREE) * float(np.abs(cpu).max())):
            raise UnansweredError(f"{ours.source.role}: `{workload}` differs between CPU and device")
        for seed, answer in zip(tried.seeds, tried.answers, strict=True):
            exact = self._exact(ours, workload, tried.seed, seed, "device", 0, arguments)
            close(Tensor.of(answer), exact, rtol=rtol, dtype="any", what=WRONG)

    def _exact(
        self,
        ours: Implementation,
        workload: str,
        model: int,
        seed: int,
        place: str,
        scale: int,
        arguments: dict[str, Argument],
    ) -> np.ndarray:
        seen = ours.ask(workload, do="exact", place=place, scale=scale, seed=model, seeds=[seed], **arguments)
        ours.forget()
        return np.asarray(array(seen["answers"])[0])

    def _used(self) -> int:
        used = self.used()
        if used is None:
            raise Unjudged("the driver does not say how much of the device's memory is used")
        return used

    def _settled(self) -> int:
        """The use of the device once what ended has given its memory back, or a few seconds have passed."""
        deadline = time.monotonic() + SETTLE_S
        before = self._used()
        while time.monotonic() < deadline:
            time.sleep(10 * LOOK_S)
            now = self._used()
            if now >= before:
                return now
            before = now
        return before

    @contextmanager
    def _watching(self) -> Iterator[list[int]]:
        """Looks at the use of the device, one after the other, as long as the block lasts."""
        looks: list[int] = []
        done = threading.Event()

        def look() -> None:
            while not done.wait(LOOK_S):
                used = self.used()
                if used is not None:
                    looks.append(used)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield looks
        finally:
            done.set()
            thread.join()


def _answers(seen: Observations, repeats: int) -> np.ndarray:
    """The answers of a question, one row per repetition."""
    answers = array(seen["answers"], what="what the steps computed")
    if answers.ndim < 2 or len(answers) != repeats:
        raise Failed(Finding("shape", "the steps did not give one answer each", f"{repeats} rows", f"{answers.shape}"))
    return answers


def _figures(seen: Observations, repeats: int) -> list[float]:
    """The milliseconds or bytes that were reported, one per repetition."""
    figures = array(seen["figures"], shape=(repeats,), what="what the steps took")
    if figures.min() < 0:
        raise Failed(Finding("unfit", "what was reported cannot be", "no negative figures", f"{figures.min():g}"))
    return [float(figure) for figure in figures]


def _times(measured: Measured) -> Times:
    return Times(measured.figures, measured.outside_ms, len(measured.seeds) // len(measured.outside_ms))


def _rule(found: Pace, at_most: float, than: str) -> None:
    """Raise what a pace leads to, unless it is within the limit."""
    allowed = f"at most {at_most:g} times {than}: {at_most * found.ours_ms:.3g} ms"
    saw = f"{found.ratio:.2f} times: {found.theirs_ms:.3g} ms"
    note = f"ours took {found.ours_ms:.3g} ms, and differed by {100 * found.noise:.1f} % between two runs"
    match found.ruling:
        case Ruling.LOUD:
            raise Unjudged(
                f"the clock is too noisy here to judge: the same took {100 * found.noise:.0f} % more or less"
            )
        case Ruling.BEYOND:
            raise Failed(Finding("slow", "a step takes too long", allowed, saw, note))
        case Ruling.UNFIT:
            what = "the times that were reported do not fit how long it took"
            raise Failed(Finding("unfit", what, allowed, f"{saw} reported, more by our own clock", note))


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f}"
