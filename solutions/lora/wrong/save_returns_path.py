# Returns the path of the weights file.
# fails: lora.5.files


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    return str(Path(directory) / WEIGHTS_FILE)
