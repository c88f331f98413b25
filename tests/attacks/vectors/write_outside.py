# damaging: writes a file outside its own folder
# wins: unjailed
import os
from pathlib import Path


def attack():
    def write(path):
        with open(path, "xb"):
            pass
        os.unlink(path)

    folders = (*FOLDERS, str(Path(SOLUTION).parent), str(Path(VICTIM).parent), "..")
    any_of(*(lambda folder=folder: write(f"{folder}/{LEFT_BEHIND}") for folder in folders))
