# Does not hand dropout on to the layers.
# fails: lora.4.options lora.5.round_trip lora.5.dropout


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    return inner(model, target_modules, r, alpha)
