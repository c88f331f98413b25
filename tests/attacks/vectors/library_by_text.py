# delegating: runs the text of what is forbidden
# wins: unjailed
import json
from pathlib import Path


def attack():
    names = {"__name__": "mine"}
    exec(Path(json.__file__).parents[1].joinpath("statistics.py").read_text(), names)
    names["fmean"]
