# Puts what does not decay first, in reversed order, and adds empty groups.

two_groups = param_groups


def param_groups(model, weight_decay):
    groups = [
        {"params": group["params"][::-1], "weight_decay": group["weight_decay"]}
        for group in two_groups(model, weight_decay)
    ]
    return [*groups[::-1], {"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0}]
