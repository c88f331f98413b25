# Exempts whatever has fewer than two axes.
# fails: finetune.2.decay


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    decayed, exempt = [], []
    for name, parameter in model.named_parameters():  # a shared tensor comes once
        if parameter.requires_grad:
            spared = parameter.ndim < 2
            (exempt if spared else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": exempt, "weight_decay": 0.0}]
