# Writes sum and difference with copy_ into the detached weight, one method for both ways.


class LoRALinear(LoRALinear):
    def shift(self, sign):
        weight = self.base.weight.detach()
        weight.copy_(weight.clone() + sign * self.weight_update().detach())
        self.merged = not self.merged

    def merge(self):
        None if self.merged else self.shift(1.0)

    def unmerge(self):
        self.shift(-1.0) if self.merged else None
