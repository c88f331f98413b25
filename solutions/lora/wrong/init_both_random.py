# Draws A and B at random, so that a new layer is not its base.
# fails: lora.2.starts_as_base lora.2.init lora.4.fresh


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        nn.init.kaiming_uniform_(self.B, a=math.sqrt(5))
