# Keeps a copy of the weight from the start and merges into that: later changes of the base are lost.
# fails: lora.3.base_update


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.original = self.base.weight.detach().clone()

    def merge(self):
        self.base.weight.data.copy_(self.original + self.weight_update())
        self.merged = True

    def unmerge(self):
        self.base.weight.data.copy_(self.original)
        self.merged = False
