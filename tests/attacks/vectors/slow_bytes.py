# the wire: sends a byte now and then, so that no read takes long
# wins: nowhere, no other way of answering exists
import struct
import time


def scaled(x, factor):
    channel, _ = wire()
    for byte in struct.pack(">4sIQ", b"FTG1", 5000, 8) + b" " * 5000:
        channel._socket.sendall(bytes([byte]))
        time.sleep(0.05)


mean = None
