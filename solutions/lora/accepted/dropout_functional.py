# Calls F.dropout with the layer's own training flag and keeps no dropout module.
import torch.nn.functional as F


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        self.dropout = None
        self.p = dropout

    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (F.dropout(x, self.p, training=self.training) @ self.A.T @ self.B.T)


def save_adapter(model, directory, inner=save_adapter):
    for layer in adapter_layers(model).values():  # the given code asks the layers for it
        layer.__dict__["dropout"] = nn.Dropout(layer.p)
    inner(model, directory)
