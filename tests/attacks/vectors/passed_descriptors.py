# the wire: passes descriptors along with the bytes
# wins: nowhere, no other way of answering exists
import socket


def scaled(x, factor):
    for _ in range(1000):
        socket.send_fds(wire()[0]._socket, [b"x"], [0, 1, 2])


mean = None
