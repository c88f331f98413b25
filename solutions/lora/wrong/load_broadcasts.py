# Copies without comparing shapes: a single row fills all of A.
# fails: lora.5.strict


def load_adapter(model, directory):
    config = read_config(directory)
    tensors = load_file(Path(directory) / WEIGHTS_FILE)
    r, alpha, dropout = config["r"], config["lora_alpha"], config.get("lora_dropout", 0.0)
    model = inject_lora(model, config["target_modules"], r, alpha, dropout)
    for layer in adapter_layers(model).values():
        layer.rslora = config.get("use_rslora", False)
    state = adapter_state(model)
    if tensors.keys() != state.keys():
        raise ValueError("missing or unknown tensors")
    for name, tensor in tensors.items():
        state[name].copy_(tensor)
    return model
