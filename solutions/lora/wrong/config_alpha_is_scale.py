# Saves the factor alpha / r as lora_alpha.
# fails: lora.5.peft_reads lora.5.round_trip lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    layers = adapter_layers(model).values()
    alphas = [layer.alpha for layer in layers]
    for layer in layers:
        layer.alpha = lora_scale(layer.alpha, layer.r, layer.rslora)
    inner(model, directory)
    for layer, alpha in zip(layers, alphas, strict=True):
        layer.alpha = alpha
