# Freezes the weight of the base and overlooks its bias.
# fails: lora.2.frozen


class LoRALinear(LoRALinear):
    def __init__(self, base, *args, **kwargs):
        trainable = base.weight.requires_grad
        super().__init__(base, *args, **kwargs)
        if base.bias is not None:
            base.bias.requires_grad_(trainable)  # as it came
