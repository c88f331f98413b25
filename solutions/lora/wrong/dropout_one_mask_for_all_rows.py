# Draws one mask over the features and uses it for every row.
# fails: lora.2.dropout


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        mask = self.dropout(torch.ones(x.shape[-1], dtype=x.dtype, device=x.device))
        return self.base(x) + scale * ((x * mask) @ self.A.T @ self.B.T)
