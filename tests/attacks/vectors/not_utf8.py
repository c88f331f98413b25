# confusing: says and prints what is no text
# wins: nowhere, it only talks
import os


def scaled(x, factor):
    os.write(1, bytes(range(128, 256)) * 10)
    raise RuntimeError("\ud800\udfff\udcff")


mean = None
