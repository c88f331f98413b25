# peeking: searches everything that the garbage collector knows for a secret
# wins: in the grader's process
import gc
import sys


def attack():
    secret = "-".join(CANARY)
    for found in [*gc.get_objects(), *(vars(module) for module in list(sys.modules.values()))]:
        values = found.values() if type(found) is dict else found if type(found) in (list, tuple) else ()
        for value in list(values):
            if type(value) in (str, bytes) and secret in (value if type(value) is str else value.decode("latin-1")):
                return
    raise LookupError
