# damaging: deletes or renames the file of another
# wins: nowhere, it would do harm
import os


def attack():
    any_of(lambda: os.unlink(VICTIM), lambda: os.rename(VICTIM, VICTIM + "-away"), lambda: os.rename(VICTIM, "here"))
