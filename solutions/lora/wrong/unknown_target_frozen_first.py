# Freezes the model before it looks at the targets: after the ValueError nothing is trainable.
# fails: lora.4.unknown lora.4.tied


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    if not adapter_layers(model):
        model.requires_grad_(False)
    return inner(model, target_modules, r, alpha, dropout)
