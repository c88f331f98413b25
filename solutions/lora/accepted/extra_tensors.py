# Carries buffers, a frozen parameter and methods that nobody asked for.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64, device=self.A.device))
        self.register_buffer("mask", torch.ones_like(self.A.data), persistent=False)
        self.gate = nn.Parameter(torch.ones(3, dtype=self.A.dtype, device=self.A.device), requires_grad=False)

    def forward(self, x):
        self.calls += 1
        return super().forward(x)

    def extra_repr(self):
        return f"r={self.r}, alpha={self.alpha}"


def count_parameters(model, inner=count_parameters):
    trainable, total = inner(model)
    return trainable, total - sum(layer.gate.numel() for layer in adapter_layers(model).values())
