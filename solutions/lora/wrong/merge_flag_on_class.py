# Sets the flag on the class: one merged layer makes all of them skip their update.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.modes lora.3.drift lora.3.instances lora.3.base_update


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.merged

    merged = False

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
