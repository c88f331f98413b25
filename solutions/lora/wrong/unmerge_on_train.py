# Unmerges when the layer is put in train mode.
# fails: lora.3.modes


class LoRALinear(LoRALinear):
    def train(self, mode=True):
        if mode:
            self.unmerge()
        return super().train(mode)
