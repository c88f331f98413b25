"""What is asked of an implementation."""


def scaled(impl, x, factor):
    """`scaled(x, factor)`"""
    return {"y": impl.scaled(x, factor)}


def mean(impl, x):
    """`mean(x)`"""
    return {"mean": impl.mean(x)}
