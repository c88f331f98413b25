# the wire: sends a number of 200 000 digits
# wins: nowhere, no other way of answering exists
def scaled(x, factor):
    send_header(b'{"kind":"answer","number":' + b"9" * 200_000 + b',"value":{},"tensors":[]}')


mean = None
