# Leaves out PEFT's prefix `base_model.model.`: PEFT loads nothing and says nothing.
# fails: lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def adapter_state(model, inner=adapter_state):
    return {key.removeprefix("base_model.model."): tensor for key, tensor in inner(model).items()}
