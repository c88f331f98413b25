# Keeps the factors in ModuleDicts of nn.Linear, and the factor s in a dict beside them.


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        del self.A, self.B
        inputs, outputs = layer_widths(base)
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.lora_A = nn.ModuleDict({"default": nn.Linear(inputs, r, bias=False, **like)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(r, outputs, bias=False, **like)})
        nn.init.zeros_(self.B)

    A = property(lambda self: self.lora_A["default"].weight)
    B = property(lambda self: self.lora_B["default"].weight)

    def forward(self, x):
        result = self.base(x)
        if self.merged:
            return result
        for name, down in self.lora_A.items():
            result = result + self.lora_B[name](down(self.dropout(x))) * lora_scale(self.alpha, self.r, self.rslora)
        return result
