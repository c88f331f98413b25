# damaging: takes shared memory, which limits of the system do not count
# wins: nowhere, the watch looks at every process
import mmap
import time


def attack():
    kept = mmap.mmap(-1, 400 * 2**20)
    for start in range(0, len(kept), 4096):
        kept[start] = 1
    time.sleep(0.5)
