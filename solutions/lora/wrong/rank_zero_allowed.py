# Takes r = 0 for "no adapter" instead of raising ValueError.
# fails: lora.2.edges


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, max(r, 1), alpha if r > 0 else 0.0, dropout, rslora)
