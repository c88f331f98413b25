# delegating: opens a socket to whoever knows the answer
# wins: unjailed
import socket


def attack():
    any_of(
        *(
            lambda family=family, kind=kind: socket.socket(family, kind)
            for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK)
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW)
        ),
        socket.socketpair,
    )
