# Writes PEFT's in-memory names, which PEFT reads as well, and takes both kinds when it loads.


def save_file(tensors, path, inner=save_file):
    inner({name.replace(".weight", ".default.weight"): tensor for name, tensor in tensors.items()}, path)


def load_file(path, inner=load_file):
    return {name.replace(".default.weight", ".weight"): tensor for name, tensor in inner(path).items()}
