# Puts new Parameters with the loaded values in place of the injected ones.


def load_adapter(model, directory):
    config = read_config(directory)
    tensors = load_file(os.path.join(directory, WEIGHTS_FILE))
    model = inject_lora(model, config["target_modules"], config["r"], config["lora_alpha"])
    for name, layer in adapter_layers(model).items():
        layer.rslora = config.get("use_rslora", False)
        layer.dropout.p = config.get("lora_dropout", 0.0)
        for letter in "AB":
            old = getattr(layer, letter)
            new = tensors.pop(f"base_model.model.{name}.lora_{letter}.weight")
            if new.shape != old.shape:
                raise ValueError(f"{name}: expected {old.shape}, found {new.shape}")
            setattr(layer, letter, nn.Parameter(new.to(old)))
    if tensors:
        raise ValueError(f"tensors of no layer: {list(tensors)}")
    return model


import os
