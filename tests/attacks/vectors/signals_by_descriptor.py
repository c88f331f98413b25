# damaging: has the kernel signal the owner of a descriptor, and makes that the grader
# wins: unjailed
import fcntl


def attack():
    any_of(*(lambda pid=pid: fcntl.fcntl(0, fcntl.F_SETOWN, pid) for pid in PROCESSES))
