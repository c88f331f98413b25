# Flattens x with `view`, which needs contiguous memory.
# fails: lora.2.edges


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        update = self.dropout(x.view(-1, x.shape[-1])) @ self.A.T @ self.B.T
        return self.base(x) + scale * update.view(*x.shape[:-1], update.shape[-1])
