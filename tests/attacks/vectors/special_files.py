# damaging: makes pipes, sockets and devices, for the grader to hang on
# wins: unjailed
import os
import socket
import stat


def attack():
    any_of(
        lambda: os.mkfifo("pipe"),
        lambda: os.mknod("device", 0o600 | stat.S_IFCHR, os.makedev(1, 1)),
        lambda: socket.socket(socket.AF_UNIX).bind("socket"),
    )
