# damaging: starts a program
# wins: unjailed
import os


def attack():
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
