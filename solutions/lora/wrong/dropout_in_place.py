# Drops in place: the caller's x has holes afterwards.
# fails: lora.2.dropout


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        output = self.base(x)
        if self.training and self.dropout.p > 0:
            x.data *= self.dropout(torch.ones_like(x))
        return output + scale * (x @ self.A.T @ self.B.T)
