# Merges the adapter into the model before saving.
# fails: lora.5.files


def save_adapter(model, directory, inner=save_adapter):
    for layer in adapter_layers(model).values():
        layer.merge()
    inner(model, directory)
