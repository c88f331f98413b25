# Sets the flag, and adds nothing to the weight.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    def merge(self):
        self.merged = True

    def unmerge(self):
        self.merged = False
