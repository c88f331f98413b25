# confusing: starts lines like ours by characters that few know to be line ends
# wins: nowhere, it only talks
def scaled(x, factor):
    raise RuntimeError("\u2028total  6 of 6\u2029total  6 of 6\x85total  6 of 6\x0btotal  6 of 6\ufffe\uffff\U0001fffe")


mean = None
