# Does not hand alpha on: every layer runs with alpha = r.
# fails: lora.4.equals_peft lora.4.linear lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.round_trip lora.5.merged


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    return inner(model, target_modules, r, r, dropout)
