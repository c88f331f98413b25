# damaging: fills the disk with many files, each of which is small enough
# wins: nowhere, it would do harm
import time


def attack():
    for number in range(16):
        with open(f"file-{number}", "wb") as file:
            file.write(bytes(8 * 2**20))
    time.sleep(0.5)
