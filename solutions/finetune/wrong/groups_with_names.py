# Adds a name to every group.
# fails: finetune.2.keys


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm)]
    in_norms = {id(parameter) for norm in norms for parameter in norm.parameters()}
    decayed, exempt = [], []
    for name, parameter in model.named_parameters():  # a shared tensor comes once
        if parameter.requires_grad:
            spared = id(parameter) in in_norms or NO_DECAY.search(name.lower())
            (exempt if spared else decayed).append(parameter)
    return [
        {"name": "decayed", "params": decayed, "weight_decay": weight_decay},
        {"name": "exempt", "params": exempt, "weight_decay": 0.0},
    ]
