# damaging: signals the grader, the warm process and a neighbour
# wins: unjailed
import os


def attack():
    others = [pid for pid in [*PROCESSES, os.getppid()] if pid not in (0, 1, os.getpid())]
    any_of(*(lambda pid=pid: os.kill(pid, 0) for pid in others or [2]))
