# Guards the rank by `assert`: an AssertionError, and nothing at all under -O.
# fails: lora.2.edges


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        assert r > 0, "the rank must be positive"
        super().__init__(base, r, alpha, dropout, rslora)
