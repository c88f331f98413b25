# Computes the update once when the layer is made, and merges that.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.update = super().weight_update().detach()

    def weight_update(self):
        return self.update
