# Leaves out what does not decay, instead of not decaying it.
# fails: finetune.2.once finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.state finetune.3.classifier finetune.2.zero_decay finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single finetune.3.defaults finetune.3.loader finetune.3.stale


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm)]
    in_norms = {id(parameter) for norm in norms for parameter in norm.parameters()}
    decayed, exempt = [], []
    for name, parameter in model.named_parameters():  # a shared tensor comes once
        if parameter.requires_grad:
            spared = id(parameter) in in_norms or NO_DECAY.search(name.lower())
            (exempt if spared else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}]
