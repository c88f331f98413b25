# peeking: reads the compiled files of what is forbidden or hidden
# wins: unjailed
import glob
import json
from pathlib import Path


def attack():
    folder = Path(json.__file__).parents[1]
    paths = glob.glob(f"{folder}/__pycache__/statistics*.pyc") + glob.glob(f"{Path(SOLUTION).parent}/__pycache__/*")
    any_of(*(lambda path=path: Path(path).read_bytes()[0] for path in [*paths, f"{folder}/statistics.py"]))
