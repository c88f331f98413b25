# Uses the names of its own state_dict, which PEFT does not know.
# fails: lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def adapter_state(model):
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
