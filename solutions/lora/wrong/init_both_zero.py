# Starts with A and B zero: neither ever gets a gradient.
# fails: lora.2.frozen lora.2.init lora.2.independent lora.4.frozen


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.zeros_(self.A)
