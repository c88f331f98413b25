# the wire: sends a header that is nested a hundred thousand times
# wins: nowhere, no other way of answering exists
def scaled(x, factor):
    depth = 100_000
    send_header(b"[" * depth + b"]" * depth)


mean = None
