# Sets `base.requires_grad = False`, a new attribute of the module that no parameter looks at.
# fails: lora.2.frozen


class LoRALinear(LoRALinear):
    def __init__(self, base, *args, **kwargs):
        trainable = base.weight.requires_grad
        super().__init__(base, *args, **kwargs)
        base.requires_grad_(trainable)  # as it came
        base.requires_grad = False
