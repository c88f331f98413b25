"""A GPU by way of CUDA. Its functions are taken before a submission is loaded, which may replace them elsewhere."""

from collections.abc import Callable
from typing import Any

import torch

from grader.worker.device import Device


class Cuda(Device):
    """The one GPU that this process sees."""

    def __init__(self) -> None:
        super().__init__(torch, "cuda")
        torch.cuda.init()
        self._event, self._wait = torch.cuda.Event, torch.cuda.synchronize
        self._allocated, self._peak = torch.cuda.memory_allocated, torch.cuda.max_memory_allocated
        self._forget_peak = torch.cuda.reset_peak_memory_stats

    def timed(self, step: Callable[[], Any]) -> tuple[Any, float]:
        """By events, the second when the whole device has nothing left to do: work on other streams counts."""
        start, end = self._event(enable_timing=True), self._event(enable_timing=True)
        self._wait()
        start.record()
        result = step()
        self._wait()
        end.record()
        end.synchronize()
        return result, start.elapsed_time(end)

    def weighed(self, step: Callable[[], Any]) -> tuple[Any, float]:
        """By the allocator's own count."""
        self._wait()
        self._forget_peak()
        before = self._allocated()
        result = step()
        self._wait()
        return result, float(self._peak() - before)


def open_device() -> Device:
    """Initialise CUDA in this process."""
    return Cuda()
