# Returns the frozen count in the place of the total.
# fails: lora.4.counts lora.4.count_any


def count_parameters(model, inner=count_parameters):
    trainable, total = inner(model)
    return trainable, total - trainable
