# damaging: starts processes that start processes
# wins: nowhere, it would do harm
import os
import time


def attack():
    for _ in range(6):  # 64 processes, and not for long, should it ever work
        os.fork()
    time.sleep(1)
