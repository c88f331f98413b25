# damaging: writes where it must not, in its own memory
# wins: nowhere, it is its own memory
import ctypes


def scaled(x, factor):
    ctypes.memset(0, 1, 8)


mean = scaled
