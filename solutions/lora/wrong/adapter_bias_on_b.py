# Builds B as an nn.Linear with its default bias; it starts at zero, and learns.
# fails: lora.2.parameters lora.4.counts lora.4.frozen


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.bias = nn.Parameter(torch.zeros_like(self.B[:, 0]))

    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * nn.functional.linear(self.dropout(x) @ self.A.T, self.B, self.bias)
