# confusing: raises an exception whose text clears the screen, rings and writes from right to left
# wins: nowhere, it only talks
def scaled(x, factor):
    raise RuntimeError("\x1b[2J\x1b]0;6 of 6\x07\r\x08\u202e\x9b\u200b\0")


mean = None
