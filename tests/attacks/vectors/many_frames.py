# the wire: reports a traceback without end
# wins: nowhere, no other way of answering exists
from grader.wire import Message


def scaled(x, factor):
    channel, number = wire()
    frames = [{"line": 1, "function": "f", "text": "x" * 20}] * 4000
    channel.send(Message("raised", number, {"type": "E", "bases": ["E"], "message": "", "frames": frames}))


mean = None
