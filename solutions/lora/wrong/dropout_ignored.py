# Takes the dropout argument and never applies it.
# fails: lora.2.dropout lora.4.options lora.5.dropout


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (x @ self.A.T @ self.B.T)
