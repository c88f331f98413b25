# Looks at the targets one by one, and raises with the first ones already wrapped.
# fails: lora.4.unknown lora.4.tied


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    if adapter_layers(model):
        raise ValueError("the model already carries adapters")
    found = [name for target in target_modules for name, _ in model.named_modules() if matches(name, target)]
    model.requires_grad_(False)
    for target in target_modules:
        names = [name for name in found if matches(name, target)]
        if not names:
            raise ValueError(f"no module is called {target!r}")
        for name in names:
            module = model.get_submodule(name)
            if isinstance(module, LoRALinear):
                continue
            if not isinstance(module, nn.Linear | Conv1D) or is_tied(model, module.weight):
                raise ValueError(f"{name} cannot be adapted")
            model.set_submodule(name, LoRALinear(module, r, alpha, dropout))
    return model
