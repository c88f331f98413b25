"""What a check file may use. Everything an author of checks needs is in this one namespace.

from grader.checking import cases, check, close, distinct_sizes, sampled_from
"""

from hypothesis.strategies import booleans, integers, sampled_from

from grader.checking.cases import cases, distinct_sizes
from grader.checking.check import check
from grader.checking.compare import array, close, exactly, number, that
from grader.checking.implementation import Implementation, Observations
from grader.checking.inputs import Inputs

__all__ = [
    "Implementation",
    "Inputs",
    "Observations",
    "array",
    "booleans",
    "cases",
    "check",
    "close",
    "distinct_sizes",
    "exactly",
    "integers",
    "number",
    "sampled_from",
    "that",
]
