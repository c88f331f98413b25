# damaging: sets limits of the grader
# wins: nowhere, it would do harm
import resource


def attack():
    any_of(*(lambda pid=pid: resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)) for pid in PROCESSES))
