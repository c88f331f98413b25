# Draws A with the standard deviation 1 / sqrt(r): the rank instead of the number of inputs.
# fails: lora.2.init


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.normal_(self.A, std=1 / math.sqrt(self.r))
