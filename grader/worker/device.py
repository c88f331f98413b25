"""What a workload sees of the device that it runs on: where tensors live, and numbers that are the same everywhere."""

import math
from collections.abc import Callable
from typing import Any

GOLDEN, FIRST, SECOND = -7046029254386353131, -4658895280553007687, -7723592293110705685
"""The constants of SplitMix64, as signed numbers."""
WIDTH = 24
"""Bits of a number: as many as float32 holds."""
ODD = 0x5851F42D4C957F2D
CHUNK = 1 << 24


class Device:
    """A place to compute. `scale` divides the sizes of workloads, where a device is too small for them."""

    def __init__(self, torch: Any, place: str, scale: int = 1, *, is_exact: bool = False) -> None:
        self.torch, self.place, self.scale, self._is_exact = torch, place, scale, is_exact

    def exact(self, place: str, scale: int) -> "Device":
        """The same numbers in float64, on the device or the CPU, at some scale, 0 for our own."""
        return Device(self.torch, self.place if place == "device" else place, scale or self.scale, is_exact=True)

    def dtype(self, dtype: Any) -> Any:
        """In which to compute where a workload computes in `dtype`."""
        return self.torch.float64 if self._is_exact else dtype

    def autocast(self, dtype: Any) -> Any:
        """A context in which a model of wider weights computes in `dtype`, and what is exact as it is."""
        return self.torch.autocast(self.place, dtype=dtype, enabled=not self._is_exact)

    def integers(self, seed: int, *shape: int, below: int) -> Any:
        """Whole numbers in [0, below), as `noise`."""
        torch = self.torch
        numbers = (self.noise(seed, *shape, dtype=torch.float64) + 1.0) / 2 * below
        return numbers.to(torch.int64)

    def noise(self, seed: int, *shape: int, dtype: Any, size: float = 1.0) -> Any:
        """Numbers in [-size, size), rounded to `dtype`: on every device the same for a seed, and cheap on all."""
        numbers = self.torch.empty(math.prod(shape), dtype=self.dtype(dtype), device=self.place)
        for start in range(0, len(numbers), CHUNK):  # what it takes to make them is larger than they are
            part = numbers[start : start + CHUNK]
            part.copy_((self._uniform(seed, start, len(part)) * size).to(dtype))
        return numbers.reshape(shape)

    def _uniform(self, seed: int, start: int, count: int) -> Any:
        """Numbers in [-1, 1), in float64, by SplitMix64 of their places."""
        torch = self.torch
        state = torch.arange(start, start + count, device=self.place) * GOLDEN + ((seed * ODD + 1) % 2**62)
        state = (state ^ _shifted(state, 30)) * FIRST
        state = (state ^ _shifted(state, 27)) * SECOND
        bits = _shifted(state ^ _shifted(state, 31), 64 - WIDTH)
        return bits.to(torch.float64) * 2.0 ** (1 - WIDTH) - 1.0

    def fetch(self, answer: Any) -> Any:
        """What a step gave, where the grader can read it, widened so that every side sends as much."""
        torch = self.torch
        wide = self._is_exact or answer.dtype == torch.float64
        return answer.detach().to("cpu", torch.float64 if wide else torch.float32)

    def stack(self, answers: list[Any]) -> Any:
        """The answers of repetitions as one tensor."""
        return self.torch.stack(answers)

    def figures(self, figures: list[float]) -> Any:
        """Milliseconds or bytes as a tensor."""
        return self.torch.tensor(figures, dtype=self.torch.float64)

    def timed(self, step: Callable[[], Any]) -> tuple[Any, float]:
        """What a step gives, and the milliseconds from its start until nothing of it is left to do."""
        raise NotImplementedError

    def weighed(self, step: Callable[[], Any]) -> tuple[Any, float]:
        """What a step gives, and by how many bytes the device's memory was fuller at most than before."""
        raise NotImplementedError


def _shifted(state: Any, bits: int) -> Any:
    """To the right, as if the numbers had no sign."""
    return (state >> bits) & ((1 << (64 - bits)) - 1)
