# Compares the last words of the dotted name with those of the target.


def matches(name, target):
    words = target.split(".")
    return name.split(".")[-len(words) :] == words
