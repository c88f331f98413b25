# Has an nn.Identity in the place of a dropout of 0, and looks the probability up elsewhere.


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False):
        super().__init__(base, r, alpha, dropout, rslora)
        if dropout == 0.0:
            self.dropout = nn.Identity()
        self.dropout.p = dropout
