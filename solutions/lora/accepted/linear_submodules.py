# Keeps A and B in two nn.Linear modules without bias.


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        del self.A, self.B
        inputs, outputs = layer_widths(base)
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.down = nn.Linear(inputs, r, bias=False, **like)
        self.up = nn.Linear(r, outputs, bias=False, **like)
        nn.init.zeros_(self.up.weight)

    A = property(lambda self: self.down.weight)
    B = property(lambda self: self.up.weight)

    def forward(self, x):
        output = self.base(x)
        if not self.merged:
            output = output + lora_scale(self.alpha, self.r, self.rslora) * self.up(self.down(self.dropout(x)))
        return output
