# Looks at rslora when it merges, and not in the forward pass.
# fails: lora.2.rslora lora.5.rslora


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.alpha / self.r * (self.dropout(x) @ self.A.T @ self.B.T)
