# Adds and subtracts in float64 and rounds the result to the weight's dtype.


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def change(self, sign):
        delta = lora_delta(self.A.double(), self.B.double(), self.alpha, self.rslora)
        delta = delta if isinstance(self.base, nn.Linear) else delta.T
        self.base.weight.copy_(self.base.weight.double() + sign * delta)
        self.merged = sign > 0

    def merge(self):
        if not self.merged:
            self.change(1)

    def unmerge(self):
        if self.merged:
            self.change(-1)
