# Draws A uniformly from within 1 / sqrt(3 in), a standard deviation of 0.58 times PEFT's.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        bound = 1 / math.sqrt(3 * self.A.shape[1])
        self.A.data.uniform_(-bound, bound)
