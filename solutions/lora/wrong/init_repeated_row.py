# Draws one random row and repeats it r times, so that all rows of A learn the same.
# fails: lora.2.init


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.data = self.A.data[:1].repeat(self.r, 1)
