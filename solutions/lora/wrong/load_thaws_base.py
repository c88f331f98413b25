# Makes the whole model trainable after loading.
# fails: lora.5.reads_peft


def load_adapter(model, directory, inner=load_adapter):
    return inner(model, directory).requires_grad_(True)
