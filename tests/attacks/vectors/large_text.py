# the wire: sends names and texts as long as a frame can hold
# wins: nowhere, no other way of answering exists
import itertools

from grader.wire import Message, Opaque

LONG = "x" * 200_000
REPLIES = itertools.cycle(
    [
        ("raised", {"type": "E", "bases": ["E"], "message": LONG, "frames": []}),
        ("raised", {"type": LONG, "bases": ["E"], "message": "", "frames": []}),
        ("answer", {"value": {"y": Opaque(LONG)}}),
    ]
)


def scaled(x, factor):
    channel, number = wire()
    kind, value = next(REPLIES)
    channel.send(Message(kind, number, value))


mean = None
