# Keeps A and B in float32 beside a bf16 base, and casts the update back to the dtype of x.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        wide = torch.promote_types(self.A.dtype, torch.float32)
        self.A.data, self.B.data = self.A.data.to(wide), self.B.data.to(wide)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        update = scale * (self.dropout(x).to(self.A.dtype) @ self.A.T @ self.B.T)
        return self.base(x) + update.to(x.dtype)
