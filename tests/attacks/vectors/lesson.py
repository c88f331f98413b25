# peeking: lists the folder of the lesson
# wins: unjailed
import os
from pathlib import Path


def attack():
    os.listdir(Path(SOLUTION).parent)
