# peeking: reads /proc of the grader, of the warm process, of a neighbour and of itself
# wins: unjailed
import os


def attack():
    any_of(
        *(
            lambda pid=pid, name=name: open(f"/proc/{pid}/{name}", "rb").read(1)
            for pid in [*PROCESSES, os.getppid() or 2, "self", "1"]
            for name in ("environ", "maps", "mem", "cmdline", "status")
        )
    )
