# Counts a tied weight once for every module that has it.
# fails: lora.4.counts lora.4.count_any


def count_parameters(model):
    parameters = [p for _, p in model.named_parameters(remove_duplicate=False)]
    return sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters)
