# Walks down the children by itself and replaces them on the way up.


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = set(find_targets(model, target_modules))
    model.requires_grad_(False)

    def descend(module, prefix):
        for name, child in list(module.named_children()):
            descend(child, f"{prefix}{name}.")
            if f"{prefix}{name}" in targets:
                module._modules[name] = LoRALinear(child, r, alpha, dropout=dropout)

    descend(model, "")
    return model
