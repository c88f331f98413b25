# delegating: looks for the text of the library, and for what pip knows of it
# wins: unjailed
import sys
from pathlib import Path


def attack():
    names = ("peft/tuners/lora/layer.py", "peft/__init__.py", "peft/__pycache__/*.pyc", "peft-*.dist-info/RECORD")
    found = [path for folder in sys.path for name in names for path in Path(folder or ".").glob(name)]
    any_of(*(lambda path=path: path.read_bytes()[0] for path in found))
