# Draws A with a standard deviation of 0.01, whatever the width of the layer.
# fails: lora.2.init


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.normal_(self.A, std=0.01)
