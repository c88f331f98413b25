# damaging: calls the kernel by the numbers of another architecture
# wins: nowhere, kernels differ in what they speak
import ctypes


def attack():
    call("syscall", ctypes.c_long(0x40000000 + 39))
