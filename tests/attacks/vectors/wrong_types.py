# the wire: answers with values of every type but the right one
# wins: nowhere, no other way of answering exists
import itertools

import numpy as np

ANSWERS = [None, True, "pass", b"pass", 1, 1.0, 1j, [], {}, [[[]]], {"y": 1}, object, ..., np.array(object())]
ANSWERS += [np.array("text"), np.array([1], "M8[s]"), np.zeros(3, "i4,f8"), np.longdouble(1), {"$tensor": 0}, 2**70]
NEXT = itertools.cycle(ANSWERS)


def scaled(x, factor):
    return next(NEXT)


mean = scaled
