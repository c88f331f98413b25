# Returns freshly injected layers when there is no weights file.
# fails: lora.5.strict


def load_adapter(model, directory, inner=load_adapter):
    if not (Path(directory) / WEIGHTS_FILE).exists():
        config = read_config(directory)
        r, alpha, dropout = config["r"], config["lora_alpha"], config.get("lora_dropout", 0.0)
        return inject_lora(model, config["target_modules"], r, alpha, dropout)
    return inner(model, directory)
