# Never writes use_rslora true, so that an rslora adapter comes back with alpha / r.
# fails: lora.5.round_trip


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    path = Path(directory) / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "use_rslora": False}), encoding="utf-8")
