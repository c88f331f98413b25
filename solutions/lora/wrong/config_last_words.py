# Saves the last word of each name as target: loading adapts other layers of that name too.
# fails: lora.5.round_trip


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    path = Path(directory) / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    config["target_modules"] = sorted({name.split(".")[-1] for name in config["target_modules"]})
    path.write_text(json.dumps(config), encoding="utf-8")
