# Skips matched modules that are not linear instead of raising.
# fails: lora.4.unknown


def find_targets(model, target_modules):
    if adapter_layers(model):
        raise ValueError("the model already carries adapters")
    found = []
    for target in target_modules:
        names = [name for name, _ in model.named_modules() if matches(name, target)]
        if not names:
            raise ValueError(f"no module of the model is called {target!r}")
        found += [name for name in names if isinstance(model.get_submodule(name), nn.Linear | Conv1D)]
    if any(is_tied(model, model.get_submodule(name).weight) for name in found):
        raise ValueError("a weight is tied")
    return list(dict.fromkeys(found))
