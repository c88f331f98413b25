"""Runs the workloads of checks on a GPU, repetition by repetition, and keeps what was prepared for the next question.

A workload is a function of an exercise's `gpu_probes.py` that gives two others: one makes the inputs of a repetition
from its seed, one takes the step. What it reports of time and memory is a claim, like all that a worker says.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.worker.device import Device

WARM_UP = 3


class Workloads:
    """What takes the place of a module of probes: each name is a workload, asked to `do` something."""

    def __init__(self, probes: ModuleType, device: Device) -> None:
        self._probes, self._device = probes, device
        self._prepared: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        workload, device = getattr(self._probes, name), self._device

        def answer(implementation: object, do: str, seed: int = 0, seeds: Any = (), **given: Any) -> dict[str, Any]:
            match do:
                case "prepare":
                    self._prepared = None  # one model at a time
                    self._prepared = workload(implementation, device, seed, **given)
                    self._repeat(list(range(WARM_UP)), device.timed)
                    return {}
                case "exact":
                    exact = device.exact(given.pop("place"), given.pop("scale"))
                    inputs, step = workload(implementation, exact, seed, **given)
                    answers = [exact.fetch(step(*inputs(one))) for one in seeds]
                    return {"answers": exact.stack(answers)}
            return self._repeat(seeds, device.weighed if do == "weigh" else device.timed)

        return answer

    def _repeat(self, seeds: list[int], measure: Callable[..., tuple[Any, float]]) -> dict[str, Any]:
        device = self._device
        if self._prepared is None:
            raise RuntimeError("nothing was prepared in this process")
        inputs, step = self._prepared
        answers, figures = [], []
        for given in [inputs(seed) for seed in seeds]:  # all of them first: no step finds its inputs in a cache
            answer, figure = measure(lambda given=given: step(*given))
            answers.append(device.fetch(answer))
            figures.append(figure)
        return {"answers": device.stack(answers), "figures": device.figures(figures)}
