# Keeps A and B in the default float32 and casts around them: a float64 base loses half of its digits.
# fails: lora.2.dtypes


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.data = self.A.data.to(torch.get_default_dtype())
        self.B.data = self.B.data.to(torch.get_default_dtype())

    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        update = scale * (self.dropout(x).to(self.A.dtype) @ self.A.T @ self.B.T)
        return self.base(x) + update.to(x.dtype)
