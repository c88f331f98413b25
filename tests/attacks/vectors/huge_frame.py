# the wire: announces a frame of 2^60 bytes
# wins: nowhere, no other way of answering exists
import struct


def scaled(x, factor):
    wire()[0]._socket.sendall(struct.pack(">4sIQ", b"FTG1", 10, 2**60))


mean = None
