# Returns its input, which takes no time at all.
# caught: value


def scaled(x, factor):
    return x
