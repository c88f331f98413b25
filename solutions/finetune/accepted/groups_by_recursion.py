# Walks down the modules, and keeps shared tensors apart by their id.


def param_groups(model, weight_decay):
    decayed, exempt, seen = [], [], set()

    def walk(module, path, spared):
        spared = spared or isinstance(module, nn.LayerNorm)
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                full = f"{path}{name}".lower()
                (exempt if spared or NO_DECAY.search(full) else decayed).append(parameter)
        for name, child in module.named_children():
            walk(child, f"{path}{name}.", spared)

    walk(model, "", False)
    return [{"weight_decay": 0, "params": exempt}, {"weight_decay": weight_decay, "params": decayed}]
