# Stores the factor on the class, so that the layer made last decides for all.
# fails: lora.5.rslora


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        LoRALinear.scale = lora_scale(alpha, r, rslora)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.scale * (self.dropout(x) @ self.A.T @ self.B.T)
