# damaging: empties a file by opening it for reading
# wins: nowhere, it would do harm
import os


def attack():
    any_of(
        lambda: os.open(VICTIM, os.O_RDONLY | os.O_TRUNC),
        lambda: os.truncate(VICTIM, 0),
        lambda: os.open(os.path.dirname(VICTIM), os.O_TMPFILE | os.O_WRONLY),
    )
