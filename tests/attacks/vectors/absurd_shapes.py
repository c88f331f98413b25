# the wire: sends shapes that overflow, are negative, or have no end
# wins: nowhere, no other way of answering exists
import itertools

SHAPES = itertools.cycle(["[0, 4611686018427387904]", "[-1]", "[4294967296, 4294967296]", "[[1]]", "[1e3]", "[true]"])


def scaled(x, factor):
    shape = next(SHAPES)
    send_header(
        b'{"kind":"answer","number":%d,"value":{"value":{"y":{"$tensor":0}}},"tensors":[["float64",%s]]}'
        % (wire()[1], shape.encode())
    )


mean = None
