# Raises KeyError where the specification says ValueError.
# fails: lora.4.unknown


def find_targets(model, target_modules, inner=find_targets):
    for target in target_modules:
        if not any(matches(name, target) for name, _ in model.named_modules()):
            raise KeyError(target)
    return inner(model, target_modules)
