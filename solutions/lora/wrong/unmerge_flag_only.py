# Takes back the flag and leaves the update in the weight.
# fails: lora.3.unmerge lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    def unmerge(self):
        self.merged = False
