# forging: passes off a mistake as a task that is not started
# wins: nowhere, what is not started has no points
def scaled(x, factor):
    raise NotImplementedError("vectors.2")


def mean(x):
    raise NotImplementedError("vectors.1")
