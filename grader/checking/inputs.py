"""Arrays for probes, made on our side from an integer seed, and remembered for the message."""

import numpy as np

from grader.salt import NO_SALT, Salt


class Inputs:
    """A seeded maker of numpy arrays; each has a name, under which a failing case shows it."""

    def __init__(self, seed: int, salt: Salt = NO_SALT) -> None:
        self.seed = seed
        self.made: dict[str, np.ndarray] = {}
        # A case's seed is small, so that it reads well: without the secret all arrays it could make could be tabulated.
        self._generator = np.random.default_rng(int.from_bytes(salt.mix(f"inputs:{seed}")) if salt.secret else seed)

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
