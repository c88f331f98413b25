# Replaces the data of the base's weight instead of adding in place.


class LoRALinear(LoRALinear):
    def merge(self):
        if not self.merged:
            self.base.weight.data = self.base.weight.data + self.weight_update().data
            self.merged = True

    def unmerge(self):
        if self.merged:
            self.base.weight.data = self.base.weight.data - self.weight_update().data
            self.merged = False
