# damaging: becomes another user
# wins: nowhere, nobody may who is not root
import os


def attack():
    any_of(lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0]), lambda: os.setgid(0))
