# Accepts nn.Linear only: GPT-2's own layers raise ValueError.
# fails: lora.4.equals_peft lora.4.counts lora.4.frozen lora.4.again lora.4.tied lora.4.options lora.4.fresh lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.strict lora.5.refuses


def find_targets(model, target_modules, inner=find_targets):
    targets = inner(model, target_modules)
    for name in targets:
        if not isinstance(model.get_submodule(name), nn.Linear):
            raise ValueError(f"{name} is not a linear layer")
    return targets
