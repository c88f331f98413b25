# Makes a group for every parameter.


def param_groups(model, weight_decay):
    norms = {p for m in model.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()}
    return [
        {"params": [p], "weight_decay": 0.0 if p in norms or NO_DECAY.search(name.lower()) else weight_decay}
        for name, p in model.named_parameters()
        if p.requires_grad
    ]
