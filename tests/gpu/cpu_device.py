"""A stand-in for a GPU: the CPU, with small models. What a step allocates is counted by watching torch's operators."""

import time

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from grader.worker.device import Device


class Meter(TorchDispatchMode):
    """The bytes of all storages that were made since it began and are still alive, at most."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._made = {}
        self._at_most = 0
        """what is alive, and what died since somebody looked"""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        given = {id_of(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and id_of(leaf) not in given:
                storage = leaf.untyped_storage()
                self._at_most += storage.nbytes() - self._made.get(id_of(leaf), (None, 0))[1]
                self._made[id_of(leaf)] = StorageWeakRef(storage), storage.nbytes()
        if self._at_most > self.peak:  # else it is no matter what died
            self._made = {key: found for key, found in self._made.items() if not found[0].expired()}
            self._at_most = sum(size for _, size in self._made.values())
            self.peak = max(self.peak, self._at_most)
        return result


def id_of(tensor) -> int:
    return tensor.untyped_storage()._cdata


class Cpu(Device):
    def __init__(self) -> None:
        super().__init__(torch, "cpu", scale=32)
        self._clock = time.perf_counter

    def timed(self, step):
        started = self._clock()
        result = step()
        return result, 1000 * (self._clock() - started)

    def weighed(self, step):
        with Meter() as meter:
            result = step()
        return result, float(meter.peak)


def open_device():
    return Cpu()
