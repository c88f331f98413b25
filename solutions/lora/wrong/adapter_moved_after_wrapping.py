# Calls `.to(dtype)` on the finished Parameter, which is a plain tensor wherever the call really converts.
# fails: lora.2.parameters


class LoRALinear(LoRALinear):
    def __init__(self, base, r, *args, **kwargs):
        super().__init__(base, r, *args, **kwargs)
        del self.A, self.B
        inputs, outputs = layer_widths(base)
        A = nn.init.kaiming_uniform_(torch.empty(r, inputs, device=base.weight.device), a=math.sqrt(5))
        self.A = nn.Parameter(A).to(base.weight.dtype)
        self.B = nn.Parameter(torch.zeros(outputs, r, device=base.weight.device)).to(base.weight.dtype)
