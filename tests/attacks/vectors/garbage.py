# the wire: sends garbage without end
# wins: nowhere, no other way of answering exists
def scaled(x, factor):
    channel, _ = wire()
    while True:
        channel._socket.sendall(b"garbage" * 10000)


mean = None
