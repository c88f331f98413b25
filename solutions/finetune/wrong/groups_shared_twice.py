# Lists a shared tensor once for each of its names.
# fails: finetune.2.once finetune.3.update finetune.2.zero_decay finetune.3.sgd finetune.3.adamw finetune.3.single


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm)]
    in_norms = {id(parameter) for norm in norms for parameter in norm.parameters()}
    decayed, exempt = [], []
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if parameter.requires_grad:
            spared = id(parameter) in in_norms or NO_DECAY.search(name.lower())
            (exempt if spared else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": exempt, "weight_decay": 0.0}]
