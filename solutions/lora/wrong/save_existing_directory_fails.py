# Creates the directory without exist_ok: saving into one that exists raises.
# fails: lora.5.round_trip


def save_adapter(model, directory, inner=save_adapter):
    Path(directory).mkdir(parents=True)
    inner(model, directory)
