# Multiplies the update by the factor that it already has.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    def weight_update(self):
        return lora_scale(self.alpha, self.r, self.rslora) * super().weight_update()
