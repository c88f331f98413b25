# peeking: uses descriptors that were left open
# wins: in the grader's process
import os


def attack():
    found = []
    for descriptor in range(256):
        try:
            found.append(os.fstat(descriptor))
        except OSError:
            pass
    if len(found) <= 4:  # the standard ones, and the channel
        raise OSError
