# damaging: slows down the grader and a neighbour
# wins: unjailed
import os


def attack():
    any_of(
        *(lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 5) for pid in PROCESSES[1:]),
        *(lambda pid=pid: os.sched_setaffinity(pid, {0}) for pid in PROCESSES[1:]),
    )
