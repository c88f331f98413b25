# Drops entries between A and B.
# fails: lora.2.dropout


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (self.dropout(x @ self.A.T) @ self.B.T)
