# Puts the model in eval mode to save it.
# fails: lora.5.files lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    inner(model.eval(), directory)
