# Rebuilds Conv1D as an nn.Linear with the transposed weight, so that LoRALinear meets nothing else.


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    model.requires_grad_(False)
    for name in targets:
        module = model.get_submodule(name)
        fan_in_fan_out = isinstance(module, Conv1D)
        if fan_in_fan_out:
            linear = nn.Linear(*module.weight.shape, device="meta").train(module.training)
            linear.weight = nn.Parameter(module.weight.data.T, requires_grad=False)
            linear.bias = module.bias
            module = linear
        model.set_submodule(name, LoRALinear(module, r, alpha, dropout))
    return model
