# the wire: answers with numbers at the edge of what arithmetic can do
# wins: nowhere, no other way of answering exists
import itertools

import numpy as np

EXTREMES = itertools.cycle([1.7e308, -1.7e308, 5e-324])


def scaled(x, factor):
    return np.full(x.shape, next(EXTREMES))


def mean(x):
    return -(2**63)
