# Saves lora_alpha as an int, as PEFT declares it: 0.5 becomes 0.
# fails: lora.5.peft_reads


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    path = Path(directory) / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "lora_alpha": int(config["lora_alpha"])}), encoding="utf-8")
