# Keeps the factor in a persistent buffer, which moves and is saved with the layer.


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        scale = torch.tensor(lora_scale(alpha, r, rslora), dtype=base.weight.dtype, device=base.weight.device)
        self.register_buffer("scale", scale)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.scale * (self.dropout(x) @ self.A.T @ self.B.T)


def load_adapter(model, directory, inner=load_adapter):
    model = inner(model, directory)
    for layer in adapter_layers(model).values():
        layer.scale.fill_(lora_scale(layer.alpha, layer.r, layer.rslora))
    return model
