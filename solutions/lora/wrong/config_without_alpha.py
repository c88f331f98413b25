# Does not save lora_alpha: PEFT assumes 8.
# fails: lora.5.peft_reads lora.5.round_trip lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    path = Path(directory) / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    del config["lora_alpha"]
    path.write_text(json.dumps(config), encoding="utf-8")


def read_config(directory, inner=read_config):
    return {"lora_alpha": 8, **inner(directory)}
