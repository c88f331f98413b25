# Gives a tied layer a copy of its weight and wraps that.
# fails: lora.4.tied


def find_targets(model, target_modules, inner=find_targets):
    for name, module in model.named_modules():
        if any(matches(name, t) for t in target_modules) and isinstance(module, nn.Linear | Conv1D):
            if is_tied(model, module.weight):
                module.weight = nn.Parameter(module.weight.detach().clone())
    return inner(model, target_modules)
