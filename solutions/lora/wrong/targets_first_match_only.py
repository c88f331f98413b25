# Stops at the first module that a target matches.
# fails: lora.4.equals_peft lora.4.linear lora.4.targets lora.4.counts lora.4.frozen lora.4.options lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def find_targets(model, target_modules, inner=find_targets):
    names = inner(model, target_modules)
    return [next(name for name in names if matches(name, target)) for target in target_modules]
