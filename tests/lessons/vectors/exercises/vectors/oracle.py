"""The interface on numpy."""

import numpy as np


def scaled(x, factor):
    return np.multiply(x, factor)


def mean(x):
    if len(x) == 0:
        raise ValueError("no elements")
    return float(np.mean(x))
