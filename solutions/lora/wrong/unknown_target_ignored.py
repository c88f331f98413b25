# Says nothing when a target matches no module.
# fails: lora.4.unknown


def find_targets(model, target_modules, inner=find_targets):
    known = [t for t in target_modules if any(matches(name, t) for name, _ in model.named_modules())]
    return inner(model, known)
