# Creates A and B on the CPU, wherever the base lives.
# fails: lora.2.device


class LoRALinear(LoRALinear):
    def __init__(self, base, r, *args, **kwargs):
        super().__init__(base, r, *args, **kwargs)
        inputs, outputs = layer_widths(base)
        self.A = nn.Parameter(torch.empty(r, inputs, dtype=base.weight.dtype, device="cpu"))
        self.B = nn.Parameter(torch.zeros(outputs, r, dtype=base.weight.dtype, device="cpu"))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
