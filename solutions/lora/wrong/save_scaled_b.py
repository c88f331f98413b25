# Folds the factor into the saved B, and PEFT applies it a second time.
# fails: lora.5.peft_reads lora.5.round_trip lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    state = adapter_state(model)
    for name, layer in adapter_layers(model).items():
        key = f"base_model.model.{name}.lora_B.weight"
        state[key] = lora_scale(layer.alpha, layer.r, layer.rslora) * state[key]
    save_file(state, Path(directory) / WEIGHTS_FILE)
