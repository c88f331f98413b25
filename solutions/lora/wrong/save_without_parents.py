# Creates the directory but not its parents.
# fails: lora.5.files


def save_adapter(model, directory, inner=save_adapter):
    Path(directory).mkdir(exist_ok=True)
    inner(model, directory)
