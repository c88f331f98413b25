# confusing: has functions, files and exceptions with names like our lines
# wins: nowhere, it only talks
NAME = "total\n    +  6 of 6"


def fail():
    raise type(NAME, (RuntimeError,), {})(NAME)


fail.__code__ = fail.__code__.replace(co_name=NAME, co_qualname=NAME, co_filename=__name__ + ".py")


def scaled(x, factor):
    fail()


mean = None
