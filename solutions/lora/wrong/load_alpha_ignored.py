# Loads every adapter with PEFT's default alpha of 8.
# fails: lora.5.reads_peft lora.5.rslora lora.5.round_trip


def read_config(directory, inner=read_config):
    return {**inner(directory), "lora_alpha": 8}
