# Does not look at use_rslora when it loads.
# fails: lora.5.rslora lora.5.round_trip


def read_config(directory, inner=read_config):
    return {**inner(directory), "use_rslora": False}
