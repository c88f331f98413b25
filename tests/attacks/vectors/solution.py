# peeking: reads the solution
# wins: unjailed
from pathlib import Path


def attack():
    Path(SOLUTION).read_text()
