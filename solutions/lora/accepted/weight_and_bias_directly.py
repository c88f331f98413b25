# Takes the base's weight and bias as its own and keeps no base module.


class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__()
        if r < 1:
            raise ValueError("r must be positive")
        inputs, outputs = layer_widths(base)
        self.weight, self.bias = base.weight, base.bias
        self.weight.requires_grad = False
        if self.bias is not None:
            self.bias.requires_grad = False
        self.transposed = isinstance(base, Conv1D)
        self.r, self.alpha, self.rslora, self.p, self.merged = r, alpha, rslora, dropout, False
        self.A = nn.Parameter(self.weight.new_empty(r, inputs).uniform_(-1, 1) / math.sqrt(inputs))
        self.B = nn.Parameter(self.weight.new_zeros(outputs, r))
        self.train(base.training)

    def forward(self, x):
        y = nn.functional.linear(x, self.weight.T if self.transposed else self.weight, self.bias)
        if self.merged:
            return y
        h = nn.functional.dropout(x, self.p, self.training) @ self.A.T
        return y + lora_scale(self.alpha, self.r, self.rslora) * (h @ self.B.T)

    def change(self, sign):
        delta = sign * lora_delta(self.A.detach(), self.B.detach(), self.alpha, self.rslora)
        self.weight.data += delta.T if self.transposed else delta
        self.merged = sign > 0

    def merge(self):
        if not self.merged:
            self.change(+1)

    def unmerge(self):
        if self.merged:
            self.change(-1)


def save_adapter(model, directory, inner=save_adapter):
    for layer in adapter_layers(model).values():  # the given code asks the layers for these
        layer.base = Conv1D(1, 1) if layer.transposed else nn.Linear(1, 1)
        layer.dropout = nn.Dropout(layer.p)
    inner(model, directory)
    for layer in adapter_layers(model).values():
        del layer.base, layer.dropout
