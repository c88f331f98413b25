# damaging: asks the kernel to let it outlive the grader
# wins: unjailed
import ctypes


def attack():
    call("prctl", 1, ctypes.c_ulong(0), *[ctypes.c_ulong(0)] * 3)
