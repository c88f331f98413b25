# Takes dropout for the share of entries to keep.
# fails: lora.2.dropout


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        keep = self.dropout.p
        kept = x * (torch.rand_like(x) < keep) / keep if self.training and keep > 0 else x
        return self.base(x) + scale * (kept @ self.A.T @ self.B.T)
