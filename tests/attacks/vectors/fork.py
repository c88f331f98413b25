# damaging: starts a process
# wins: unjailed
import os


def attack():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
