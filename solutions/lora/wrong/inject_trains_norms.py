# Keeps the norms trainable beside A and B.
# fails: lora.4.counts lora.4.frozen


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    model = inner(model, target_modules, r, alpha, dropout)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.requires_grad_(True)
    return model
