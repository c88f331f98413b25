# peeking: reads the memory of the grader and of a neighbour
# wins: nowhere, machines differ in whom they allow to
import ctypes


def attack():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    any_of(*(lambda pid=pid: call("process_vm_readv", pid, vector, 1, vector, 1, 0) for pid in PROCESSES))
