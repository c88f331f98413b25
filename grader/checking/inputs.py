"""Arrays for probes, made on our side from an integer seed, and remembered for the message."""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Draw: TypeAlias = Callable[..., np.ndarray]
Drawn: TypeAlias = list[tuple[tuple[Draw, tuple[object, ...]], np.ndarray]]
"""How each array was asked for, and the array; in their order, which decides what comes out."""
MAX_KEPT = 64 * 1024
"""Bytes of an array that is worth keeping for the next submission."""


class Inputs:
    """A seeded maker of numpy arrays; each has a name, under which a failing case shows it."""

    def __init__(self, check_seed: int, case_seed: int, drawn: Drawn | None = None) -> None:
        """`case_seed` tells cases of a check apart; `check_seed` is another one in each run, and may be secret.

        `drawn` is what was drawn for the same seeds before, and gets what is drawn now: a case asks every submission
        the same, so most of it needs not be drawn again.
        """
        self._mixed = hashlib.sha256(f"{check_seed}:{case_seed}".encode()).digest()
        self.seed = int.from_bytes(self._mixed[:4]) >> 1
        """for what a probe must make itself, such as a model's weights: 0 to 2**31 - 1"""
        self.made: dict[str, np.ndarray] = {}
        self._drawn: Drawn = [] if drawn is None else drawn
        self._as_before = True
        self._asked: list[tuple[Draw, tuple[object, ...]]] = []
        self._generator: np.random.Generator | None = None

    def array(self, name: str, *shape: int) -> np.ndarray:
        """float64 multiples of 1/4 in [-2, 2] without 0: exact in every dtype, and short to read."""
        return self._make(name, _quarters, shape)

    def normal(self, name: str, *shape: int, scale: float = 1.0) -> np.ndarray:
        """float64 normals of mean 0 and standard deviation `scale`."""
        return self._make(name, _normal, shape, scale)

    def integers(self, name: str, *shape: int, low: int, high: int) -> np.ndarray:
        """int64 in [low, high)."""
        return self._make(name, _integers, shape, low, high)

    def _make(self, name: str, draw: Draw, *how: object) -> np.ndarray:
        asked, number = (draw, how), len(self._asked)
        self._as_before &= number == len(self._drawn) or (number < len(self._drawn) and self._drawn[number][0] == asked)
        if self._as_before and number < len(self._drawn):
            values = self._drawn[number][1].copy()  # checks may write to what they are given
        else:
            values = draw(self._caught_up(), *how)
            if self._as_before and values.nbytes <= MAX_KEPT:
                self._drawn.append((asked, values.copy()))
        self._asked.append(asked)
        self.made[name] = values
        return values

    def _caught_up(self) -> np.random.Generator:
        """The generator in the state in which all that was asked for so far leaves it."""
        if self._generator is None:
            self._generator = np.random.default_rng(int.from_bytes(self._mixed))
            for draw, how in self._asked:
                draw(self._generator, *how)
        return self._generator


def _quarters(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    steps: np.ndarray = generator.integers(1, 9, shape) * generator.choice([-1, 1], shape)
    return np.asarray(steps / 4)


def _normal(generator: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray:
    return np.asarray(generator.normal(0.0, scale, shape))


def _integers(generator: np.random.Generator, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    return np.asarray(generator.integers(low, high, shape))
