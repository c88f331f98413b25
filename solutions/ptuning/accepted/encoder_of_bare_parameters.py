# Writes the MLP out with bare parameters; the LSTM gets a batch of one.


class PromptEncoder(nn.Module):
    def __init__(self, num_virtual_tokens, hidden_size, encoder_hidden_size, kind="mlp"):
        super().__init__()
        V, d, h = num_virtual_tokens, hidden_size, encoder_hidden_size
        if V < 1 or kind not in ("mlp", "lstm"):
            raise ValueError(f"cannot encode {V} tokens with {kind!r}")
        self.kind = kind
        self.inputs = nn.Parameter(torch.randn(V, d))
        if kind == "lstm":
            self.recurrent = nn.LSTM(d, h, 2, batch_first=True, bidirectional=True)
        widths = [d, h, h, d] if kind == "mlp" else [2 * h, 2 * h, d]
        self.layers = nn.ParameterList()
        for fan_in, fan_out in zip(widths, widths[1:]):
            self.layers.append(nn.Parameter(torch.randn(fan_out, fan_in) * fan_in**-0.5))
            self.layers.append(nn.Parameter(torch.zeros(fan_out)))

    def forward(self):
        x = self.inputs[None]
        if self.kind == "lstm":
            x = self.recurrent(x)[0]
        for number in range(0, len(self.layers), 2):
            if number > 0:
                x = x.clamp(min=0)
            x = F.linear(x, self.layers[number], self.layers[number + 1])
        return x.squeeze(0)

    def bake(self):
        with torch.inference_mode():
            baked = self.forward()
        return baked.clone()
