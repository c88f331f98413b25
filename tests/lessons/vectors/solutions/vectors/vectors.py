"""Two holes, for the engine's own tests."""


def scaled(x, factor):
    """The vector x (n,) times a number. Example: scaled([1, 2], 3) is [3, 6]."""
    # TODO(vectors.1): multiply (about 1 line)
    ### BEGIN SOLUTION
    return x * factor
    ### END SOLUTION


def mean(x):
    """The mean of x (n,), a float; ValueError for n = 0."""
    # TODO(vectors.2): the mean, or the error
    # (about 3 lines)
    ### BEGIN SOLUTION
    if not len(x):
        raise ValueError("the mean of nothing")
    return float(x.sum() / len(x))
    ### END SOLUTION
