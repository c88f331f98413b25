# Draws the mask itself, from a generator of its own, and divides by 1 - p.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.generator = torch.Generator().manual_seed(int(torch.randint(2**32, ())))

    def forward(self, x):
        if self.merged:
            return self.base(x)
        p = self.dropout.p
        if self.training and p > 0:
            keep = torch.rand(x.shape, generator=self.generator) >= p
            update = torch.where(keep, x / (1 - p), 0.0) @ self.A.T @ self.B.T
        else:
            update = x @ self.A.T @ self.B.T
        return self.base(x) + lora_scale(self.alpha, self.r, self.rslora) * update
