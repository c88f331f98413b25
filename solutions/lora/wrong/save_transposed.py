# Writes A as (in, r) and B as (r, out).
# fails: lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses


def save_file(tensors, path, inner=save_file):
    inner({key: tensor.T.contiguous() for key, tensor in tensors.items()}, path)


def load_file(path, inner=load_file):
    return {key: tensor.T for key, tensor in inner(path).items()}
