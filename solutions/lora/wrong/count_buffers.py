# Counts the buffers along with the parameters.
# fails: lora.4.count_any


def count_parameters(model, inner=count_parameters):
    trainable, total = inner(model)
    return trainable, total + sum(b.numel() for b in model.buffers())
