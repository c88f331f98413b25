# the wire: closes every descriptor and loops
# wins: nowhere, no other way of answering exists
import os
import time


def scaled(x, factor):
    os.closerange(0, 256)
    time.sleep(60)


mean = None
