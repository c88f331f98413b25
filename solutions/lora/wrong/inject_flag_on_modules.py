# Sets `module.requires_grad = False` on every module, which no parameter looks at.
# fails: lora.4.counts lora.4.frozen


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    for module in model.modules():
        module.requires_grad = False
    for name in targets:
        model.set_submodule(name, LoRALinear(model.get_submodule(name), r, alpha, dropout))
    return model
