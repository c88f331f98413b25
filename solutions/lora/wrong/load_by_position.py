# Copies the tensors in the order of their sorted names, whatever these are.
# fails: lora.5.round_trip lora.5.dropout


def load_adapter(model, directory):
    config = read_config(directory)
    tensors = load_file(Path(directory) / WEIGHTS_FILE)
    r, alpha, dropout = config["r"], config["lora_alpha"], config.get("lora_dropout", 0.0)
    model = inject_lora(model, config["target_modules"], r, alpha, dropout)
    for layer in adapter_layers(model).values():
        layer.rslora = config.get("use_rslora", False)
    for (_, parameter), key in zip(adapter_state(model).items(), sorted(tensors), strict=True):
        if parameter.shape != tensors[key].shape:
            raise ValueError(f"{key} has the wrong shape")
        parameter.copy_(tensors[key])
    return model
