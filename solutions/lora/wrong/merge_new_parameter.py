# Assigns a new nn.Parameter to the base: another object, and trainable.
# fails: lora.3.trainable


class LoRALinear(LoRALinear):
    def merge(self):
        if not self.merged:
            self.base.weight = nn.Parameter(self.base.weight.data + self.weight_update().data)
            self.merged = True

    def unmerge(self):
        if self.merged:
            self.base.weight = nn.Parameter(self.base.weight.data - self.weight_update().data)
            self.merged = False
