# Looks at the model's direct children only.
# fails: lora.4.equals_peft lora.4.linear lora.4.targets lora.4.counts lora.4.frozen lora.4.again lora.4.options lora.4.unknown lora.4.tied lora.4.fresh lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    model.requires_grad_(False)
    for name, child in model.named_children():
        if name in targets:
            setattr(model, name, LoRALinear(child, r, alpha, dropout))
    return model
