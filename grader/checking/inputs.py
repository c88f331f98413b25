"""Arrays for probes, made on our side from an integer seed, and remembered for the message."""

import hashlib

import numpy as np


class Inputs:
    """A seeded maker of numpy arrays; each has a name, under which a failing case shows it."""

    def __init__(self, check_seed: int, case_seed: int) -> None:
        """`case_seed` tells cases of a check apart; `check_seed` is another one in each run, and may be secret."""
        mixed = hashlib.sha256(f"{check_seed}:{case_seed}".encode()).digest()
        self.seed = int.from_bytes(mixed[:4]) >> 1
        """for what a probe must make itself, such as a model's weights: 0 to 2**31 - 1"""
        self.made: dict[str, np.ndarray] = {}
        self._generator = np.random.default_rng(int.from_bytes(mixed))

    def array(self, name: str, *shape: int) -> np.ndarray:
        """float64 multiples of 1/4 in [-2, 2] without 0: exact in every dtype, and short to read."""
        steps = self._generator.integers(1, 9, shape) * self._generator.choice([-1, 1], shape)
        return self._keep(name, steps / 4)

    def normal(self, name: str, *shape: int, scale: float = 1.0) -> np.ndarray:
        """float64 normals of mean 0 and standard deviation `scale`."""
        return self._keep(name, self._generator.normal(0.0, scale, shape))

    def integers(self, name: str, *shape: int, low: int, high: int) -> np.ndarray:
        """int64 in [low, high)."""
        return self._keep(name, self._generator.integers(low, high, shape))

    def _keep(self, name: str, values: np.ndarray) -> np.ndarray:
        self.made[name] = values
        return values
