# Leaves lora_dropout in the file: training goes on without dropout.
# fails: lora.5.dropout


def read_config(directory, inner=read_config):
    return {**inner(directory), "lora_dropout": 0.0}
