# Takes the rslora argument and does not keep it.
# fails: lora.2.rslora lora.3.exact


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout)
