# confusing: raises exceptions whose text, name, cause or traceback is code
# wins: nowhere, it only talks
import itertools


class Text(Exception):
    def __str__(self):
        raise SystemExit(0)


class Nameless(type):
    __name__ = property(lambda self: 1 / 0)


class Trace(Exception):
    __traceback__ = property(lambda self: 1 / 0)


class Subclass(str):
    __getitem__ = encode = lambda self, *given: self
    __len__ = lambda self: 0


class Words(Exception):
    def __str__(self):
        return Subclass("x" * 10**6)


cycle = RuntimeError()
cycle.__cause__ = cycle
KINDS = itertools.cycle([Text(), Nameless("E", (Exception,), {})(), Trace(), Words(), cycle])


def scaled(x, factor):
    raise next(KINDS)


mean = None
