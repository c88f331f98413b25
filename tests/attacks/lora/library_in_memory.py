# delegating: searches the memory for a library that another process may have left there
# wins: nowhere, nobody imports it before the fork
import sys


def attack():
    classes = [object]
    for kind in classes:
        classes += [child for child in type.__subclasses__(kind) if child not in (type, *classes[-9:])]
        if kind.__module__.split(".")[0] == "peft":
            return
        if len(classes) > 50_000:
            break
    if sys.modules.get("peft") is None:
        raise LookupError
