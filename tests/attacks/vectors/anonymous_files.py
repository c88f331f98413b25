# damaging: makes files that lie nowhere, as a second memory
# wins: unjailed
import os


def attack():
    any_of(lambda: os.memfd_create("x"), lambda: call("shmget", 0, 4096, 0o1777))
