# Wraps first, and freezes everything afterwards that is not an A or a B.


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    for name in find_targets(model, target_modules):
        parent, _, last = name.rpartition(".")
        module = model.get_submodule(name)
        setattr(model.get_submodule(parent), last, LoRALinear(module, r, alpha, dropout))
    adapter = {id(p) for layer in adapter_layers(model).values() for p in (layer.A, layer.B)}
    for parameter in model.parameters():
        parameter.requires_grad = id(parameter) in adapter
    return model
