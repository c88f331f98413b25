# forging: forks, so that one process answers while the other goes on to try
# wins: unjailed
import os


def attack():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
