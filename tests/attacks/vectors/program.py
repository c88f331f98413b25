# damaging: becomes a shell
# wins: nowhere, it would do harm
import os


def attack():
    os.execv("/bin/sh", ["sh", "-c", f"echo changed >> {VICTIM}"])
