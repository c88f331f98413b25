# peeking: reads what another student handed in
# wins: unjailed
from pathlib import Path


def attack():
    Path(OTHER_SUBMISSION).read_text()
