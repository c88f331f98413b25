"""A stand-in for a GPU, in numpy: the whole way of a check but the device. Tests alone name this file."""

import time

import numpy as np


class NumpyDevice:
    place = "cpu"
    scale = 1

    def __init__(self) -> None:
        self._clock = time.perf_counter

    def exact(self, place, scale):
        assert (place, scale) in (("cpu", 32), ("device", 32), ("device", 0))
        return self

    def noise(self, seed, *shape):
        return np.random.default_rng(seed).standard_normal(shape)

    def fetch(self, answer):
        return np.asarray(answer, dtype=np.float64)

    def stack(self, answers):
        return np.stack(answers)

    def figures(self, figures):
        return np.asarray(figures, dtype=np.float64)

    def timed(self, step):
        started = self._clock()
        result = step()
        return result, 1000 * (self._clock() - started)

    def weighed(self, step):
        import tracemalloc

        tracemalloc.start()
        try:
            result = step()
            return result, float(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()


def open_device():
    return NumpyDevice()
