# Keeps the head trainable, as PEFT does for classifiers.
# fails: lora.4.frozen


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    model = inner(model, target_modules, r, alpha, dropout)
    for name, parameter in model.named_parameters():
        if not isinstance(model.get_submodule(name.rpartition(".")[0]), LoRALinear) and "head" in name:
            parameter.requires_grad_(True)
    return model
