# Sets the flag on the class: one merged layer makes all of them skip their update.
# fails: lora.3.instances


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.merged
        LoRALinear.merged = False

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.base.weight += self.weight_update()
            LoRALinear.merged = True

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight -= self.weight_update()
            LoRALinear.merged = False
