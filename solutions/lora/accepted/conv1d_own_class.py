# Wraps Conv1D in a class of its own without merge; LoRALinear knows nn.Linear only.


class LoRAConv1D(nn.Module):
    def __init__(self, base, r, alpha, dropout=0.0):
        super().__init__()
        self.base = base
        self.r, self.alpha, self.rslora = r, alpha, False
        self.dropout = nn.Dropout(dropout)
        inputs, outputs = base.weight.shape
        like = {"dtype": base.weight.dtype, "device": base.weight.device}
        self.A = nn.Parameter(torch.randn(r, inputs, **like) / math.sqrt(3 * inputs))
        self.B = nn.Parameter(torch.zeros(outputs, r, **like))
        self.train(base.training)

    def forward(self, x):
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (self.dropout(x) @ self.A.T @ self.B.T)


class LoRALinear(LoRALinear):
    def weight_update(self):
        return lora_delta(self.A, self.B, self.alpha, self.rslora)


def adapter_layers(model):
    return {name: module for name, module in model.named_modules() if isinstance(module, LoRALinear | LoRAConv1D)}


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    for parameter in model.parameters():
        parameter.requires_grad = False
    for name in targets:
        path, _, last = name.rpartition(".")
        parent = model.get_submodule(path)
        module = getattr(parent, last)
        kind = LoRAConv1D if isinstance(module, Conv1D) else LoRALinear
        setattr(parent, last, kind(module, r, alpha, dropout))
    return model
