# Flattens x to rows and lets torch.addmm scale and add.


class LoRALinear(LoRALinear):
    def forward(self, x):
        output = self.base(x)
        if self.merged:
            return output
        hidden = self.dropout(x).flatten(0, -2) @ self.A.T if x.dim() > 1 else self.dropout(x)[None] @ self.A.T
        flat = output.reshape(hidden.shape[0], self.B.shape[0])
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return torch.addmm(flat, hidden, self.B.T, alpha=scale).reshape(output.shape)
