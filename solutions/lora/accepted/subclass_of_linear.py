# Is an nn.Linear itself that shares the base's Parameters; Conv1D gets a sister class of its own.


class Adapter:
    def adapt(self, base, r, alpha, dropout, rslora):
        inputs, outputs = layer_widths(base)
        self.weight, self.bias = base.weight, base.bias
        self.requires_grad_(False)
        self.r, self.alpha, self.rslora, self.merged = r, alpha, rslora, False
        self.dropout = nn.Dropout(dropout)
        self.A = nn.Parameter(torch.empty_like(base.weight, requires_grad=False).resize_(r, inputs))
        self.B = nn.Parameter(torch.zeros(outputs, r).to(base.weight))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.train(base.training)

    def forward(self, x):
        y = super().forward(x)
        if self.merged:
            return y
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return y + scale * (self.dropout(x) @ self.A.T @ self.B.T)

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.weight += self.update()
            self.merged = True

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.weight -= self.update()
            self.merged = False


class LoRALinear(Adapter, nn.Linear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        if r < 1:
            raise ValueError("r must be positive")
        super().__init__(base.in_features, base.out_features, bias=False, device="meta")
        self.adapt(base, r, alpha, dropout, rslora)

    def update(self):
        return lora_delta(self.A, self.B, self.alpha, self.rslora)


class LoRAConv1D(Adapter, Conv1D):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base.weight.shape[1], base.weight.shape[0])
        self.adapt(base, r, alpha, dropout, rslora)

    def update(self):
        return lora_delta(self.A, self.B, self.alpha, self.rslora).T


def adapter_layers(model):
    return {name: module for name, module in model.named_modules() if isinstance(module, Adapter)}


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    model.requires_grad_(False)
    for name in targets:
        module = model.get_submodule(name)
        kind = LoRAConv1D if isinstance(module, Conv1D) else LoRALinear
        model.set_submodule(name, kind(module, r, alpha, dropout))
    return model


def save_adapter(model, directory):
    layers = adapter_layers(model)
    layer = next(iter(layers.values()))
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "peft_type": "LORA",
        "r": layer.r,
        "lora_alpha": layer.alpha,
        "lora_dropout": layer.dropout.p,
        "target_modules": list(layers),
        "use_rslora": layer.rslora,
        "fan_in_fan_out": isinstance(layer, Conv1D),
    }
    (directory / CONFIG_FILE).write_text(json.dumps(config))
    save_file(adapter_state(model), directory / WEIGHTS_FILE)
