# damaging: asks the kernel to forget the filter, or to trace around it
# wins: nowhere, the kernel never does
import ctypes


def attack():
    any_of(lambda: call("prctl", 22, ctypes.c_ulong(0), *[ctypes.c_ulong(0)] * 3), lambda: call("ptrace", 0, 0, 0, 0))
