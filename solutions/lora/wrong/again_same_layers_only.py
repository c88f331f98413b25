# Notices a second call by the wrapped layers it meets, and so accepts one with other targets.
# fails: lora.4.again


def find_targets(model, target_modules):
    modules = dict(model.named_modules())
    found = []
    for target in target_modules:
        names = [name for name in modules if matches(name, target)]
        if not names:
            raise ValueError(f"no module of the model is called {target!r}")
        found += names
    for name in found:
        if not isinstance(modules[name], nn.Linear | Conv1D) or is_tied(model, modules[name].weight):
            raise ValueError(f"{name} cannot be adapted")
    return list(dict.fromkeys(found))
