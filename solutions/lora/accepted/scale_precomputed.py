# Computes the factor once in the constructor, and builds rslora layers when an adapter asks for them.


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        self.scaling = alpha / r if not rslora else alpha / r**0.5

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + (self.dropout(x) @ self.A.T @ self.B.T) * self.scaling

    def weight_update(self):
        delta = self.B @ self.A * self.scaling
        return delta.T if isinstance(self.base, Conv1D) else delta


def inject_lora(model, target_modules, r, alpha, dropout=0.0, rslora=False):
    targets = find_targets(model, target_modules)
    model.requires_grad_(False)
    for name in targets:
        model.set_submodule(name, LoRALinear(model.get_submodule(name), r, alpha, dropout, rslora))
    return model


def load_adapter(model, directory):
    config = read_config(directory)
    model = inject_lora(
        model,
        config["target_modules"],
        config["r"],
        config["lora_alpha"],
        config.get("lora_dropout", 0.0),
        config.get("use_rslora", False),
    )
    tensors = load_file(Path(directory) / WEIGHTS_FILE)
    for name, mine in adapter_state(model).items():
        found = tensors.pop(name)
        assert found.shape == mine.shape, name
        mine.copy_(found)
    if tensors:
        raise KeyError(f"unknown tensors: {sorted(tensors)}")
    return model
