# damaging: leaves a process behind that has left its session and its parent
# wins: nowhere, it would do harm
import os
import time


def attack():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(20)
        os._exit(0)
