# confusing: raises an exception whose text has 10 MB
# wins: nowhere, it only talks
def scaled(x, factor):
    raise RuntimeError("x" * 10**7)


mean = None
