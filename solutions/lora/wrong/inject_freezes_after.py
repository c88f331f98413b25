# Freezes the whole model after wrapping, the new A and B included.
# fails: lora.4.counts lora.4.frozen


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    return inner(model, target_modules, r, alpha, dropout).requires_grad_(False)
