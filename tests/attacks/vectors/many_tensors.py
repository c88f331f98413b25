# the wire: sends more arrays than there is room for
# wins: nowhere, no other way of answering exists
def scaled(x, factor):
    send_header(
        b'{"kind":"answer","number":%d,"value":{},"tensors":[%s]}' % (wire()[1], b",".join([b'["uint8",[0]]'] * 15_000))
    )


mean = None
