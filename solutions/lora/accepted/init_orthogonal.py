# Starts with orthonormal rows in A.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.A.is_meta:
            self.A.data.copy_(nn.init.orthogonal_(torch.empty(self.A.shape, dtype=torch.float64)))
