# Loads through load_state_dict, once the names have been compared.


def load_adapter(model, directory):
    config = read_config(directory)
    with open(f"{directory}/{WEIGHTS_FILE}", "rb") as file:
        from safetensors.torch import load

        tensors = load(file.read())
    inject = {key: config[key] for key in ("target_modules", "r")}
    model = inject_lora(model, alpha=config["lora_alpha"], dropout=config.get("lora_dropout") or 0.0, **inject)
    for layer in adapter_layers(model).values():
        layer.rslora = bool(config.get("use_rslora"))
    state = {}
    for key, tensor in tensors.items():
        key = key.removeprefix("base_model.model.")
        state[key.replace("lora_A.weight", "A").replace("lora_B.weight", "B")] = tensor
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [key for key in missing if key.endswith((".A", ".B"))]
    if missing or unexpected:
        raise RuntimeError(f"missing {missing}, unexpected {unexpected}")
    return model
