# Loads with load_state_dict(strict=False), which swallows missing and unknown tensors.
# fails: lora.5.strict


def load_adapter(model, directory):
    config = read_config(directory)
    tensors = load_file(Path(directory) / WEIGHTS_FILE)
    r, alpha, dropout = config["r"], config["lora_alpha"], config.get("lora_dropout", 0.0)
    model = inject_lora(model, config["target_modules"], r, alpha, dropout)
    for layer in adapter_layers(model).values():
        layer.rslora = config.get("use_rslora", False)
    names = {".lora_A.weight": ".A", ".lora_B.weight": ".B"}
    state = {}
    for key, tensor in tensors.items():
        for theirs, ours in names.items():
            key = key.replace(theirs, ours)
        state[key.removeprefix("base_model.model.")] = tensor
    model.load_state_dict(state, strict=False)
    return model
