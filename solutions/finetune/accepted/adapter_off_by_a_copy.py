# Keeps a copy of the pre-trained model before it adapts one, and yields that copy.

from copy import deepcopy

adapt_in_place = adapt


def adapt(model, method, batches, parts, seed):
    before = None if method == "full" else deepcopy(model)
    adapted = adapt_in_place(model, method, batches, parts, seed)
    adapted.adaptation = (method, before)
    return adapted


class adapter_off:
    def __init__(self, adapted):
        method, self.base = adapted.adaptation
        if method == "full":
            raise ValueError("nothing to switch off")

    def __enter__(self):
        return self.base

    def __exit__(self, *error):
        return False
