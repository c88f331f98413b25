# the wire: answers with a verdict instead of an observation
# wins: nowhere, no other way of answering exists
import itertools

KINDS = itertools.cycle(["pass", "verdict", "ready", "load", "ask"])


def scaled(x, factor):
    send_header(
        b'{"kind":"%s","number":%d,"value":{"verdict":"pass","score":6},"tensors":[]}'
        % (next(KINDS).encode(), wire()[1])
    )


mean = None
