# damaging: uses parts of the kernel that have a history
# wins: unjailed
import ctypes


def attack():
    # io_uring_setup, userfaultfd, bpf, perf_event_open, add_key, inotify_init1
    numbers = (425, 323, 321, 298, 248, 294)
    any_of(*(lambda number=number: call("syscall", ctypes.c_long(number), 0, 0, 0, 0, 0) for number in numbers))
