# Draws A from [0, bound): the bound is right, the mean is not zero.
# fails: lora.2.init


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.uniform_(self.A, 0, 1 / math.sqrt(self.A.shape[1]))
