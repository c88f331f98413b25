# Draws A from a normal distribution with the standard deviation of PEFT's uniform one.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.normal_(self.A, std=1 / math.sqrt(3 * self.A.shape[1]))
