# Wraps a module once for every target that matches it.
# fails: lora.4.targets


class LoRALinear(LoRALinear):
    @property
    def weight(self):
        return self.base.weight


def layer_widths(base, inner=layer_widths):
    return (base.A.shape[1], base.B.shape[0]) if isinstance(base, LoRALinear) else inner(base)


def inject_lora(model, target_modules, r, alpha, dropout=0.0):
    targets = find_targets(model, target_modules)
    model.requires_grad_(False)
    for target in target_modules:
        for name in targets:
            if matches(name, target):
                layer = model.get_submodule(name)
                model.set_submodule(name, LoRALinear(layer, r, alpha, dropout))
    return model
