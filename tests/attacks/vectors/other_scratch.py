# peeking: looks for the folders of other workers
# wins: unjailed
import os
from pathlib import Path


def attack():
    own = Path(os.environ["HOME"])
    any_of(*(lambda path=path: os.listdir(path) for path in own.parent.glob("grader-*") if path != own), missing)


def missing():
    raise LookupError
