# Unmerges the model before saving, and leaves it so.
# fails: lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    for layer in adapter_layers(model).values():
        layer.unmerge()
    inner(model, directory)
