# peeking: reaches the solution around its path: by folders, by handles, by links
# wins: unjailed
import os
from pathlib import Path


def attack():
    folder, name = os.path.split(SOLUTION)
    any_of(
        lambda: os.open(name, os.O_RDONLY, dir_fd=os.open(folder, os.O_RDONLY)),
        lambda: os.open(name, os.O_RDONLY, dir_fd=os.open(folder, os.O_PATH)),
        lambda: Path("/proc/self/root" + SOLUTION).read_text(),
        lambda: Path(f"/proc/{PROCESSES[0]}/root{SOLUTION}").read_text(),
        lambda: call("name_to_handle_at", -100, SOLUTION.encode(), bytes(128), bytes(4), 0),
    )
