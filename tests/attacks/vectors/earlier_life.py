# replaying: leaves a note for its next worker, and dies
# wins: unjailed
import os
from pathlib import Path

FOLDERS += (os.environ["HOME"], ".", os.path.dirname(SOLUTION), os.path.dirname(VICTIM))
NOTES = [Path(folder, LEFT_BEHIND) for folder in FOLDERS]


def scaled(x, factor):
    found = [note for note in NOTES if note.exists()]
    for note in found:
        note.unlink()
    if found:
        return x * factor
    for note in NOTES:
        try:
            note.write_text("seen")
        except OSError:
            pass
    os._exit(0)


mean = None
