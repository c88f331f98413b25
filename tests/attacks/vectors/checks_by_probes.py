# peeking: follows the path of the probes, which it can see, to the checks
# wins: unjailed
import sys
from pathlib import Path


def attack():
    frame = sys._getframe()
    while "probes" not in frame.f_locals:
        frame = frame.f_back
    folder = Path(frame.f_locals["probes"].__file__).parent
    any_of(*(lambda path=path: path.read_text() for path in [*folder.glob("test_*.py"), folder / "oracle.py"]))
