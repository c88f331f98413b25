# Makes the factor a parameter, so that it is trained along.
# fails: lora.2.parameters lora.4.counts lora.4.frozen lora.5.rslora


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        scale = torch.tensor(lora_scale(alpha, r, rslora), dtype=base.weight.dtype, device=base.weight.device)
        self.scale = nn.Parameter(scale)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.scale * (self.dropout(x) @ self.A.T @ self.B.T)
