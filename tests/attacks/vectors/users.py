# peeking: reads files of the system that say who lives here
# wins: unjailed
from pathlib import Path


def attack():
    any_of(*(lambda path=path: Path(path).read_text() for path in ("/etc/passwd", "/etc/hostname", "/etc/hosts")))
