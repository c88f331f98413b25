# Adds the update without no_grad: the weight gets a history and requires gradients.
# fails: lora.3.trainable


class LoRALinear(LoRALinear):
    def merge(self):
        if not self.merged:
            self.base.weight.add_(self.weight_update())
            self.merged = True

    def unmerge(self):
        if self.merged:
            self.base.weight.sub_(self.weight_update())
            self.merged = False
