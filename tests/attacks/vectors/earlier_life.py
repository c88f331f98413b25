# replaying: leaves a note for its next worker, and dies
# wins: unjailed
import os
from pathlib import Path

NOTES = [Path(folder, LEFT_BEHIND) for folder in (*FOLDERS, os.environ["HOME"], ".", Path(SOLUTION).parent)]


def attack():
    found = [note for note in NOTES if note.exists()]
    if not found:
        for note in NOTES:
            try:
                note.write_text("seen")
            except OSError:
                pass
        raise LookupError
