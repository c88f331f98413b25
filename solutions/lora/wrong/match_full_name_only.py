# Asks for the full dotted name.
# fails: lora.4.equals_peft lora.4.linear lora.4.targets lora.4.counts lora.4.frozen lora.4.again lora.4.tied lora.4.options lora.4.fresh lora.4.unknown lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def matches(name, target):
    return name == target
