# Adds the transposed update, which only a square layer accepts in silence.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.repeated lora.3.modes lora.3.drift lora.3.trainable lora.3.instances lora.3.base_update lora.5.merged


class LoRALinear(LoRALinear):
    def weight_update(self):
        return super().weight_update().T
