# Merges B A without the factor, in and out.
# fails: lora.3.exact lora.3.invisible lora.3.square lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    def weight_update(self):
        delta = self.B @ self.A
        return delta if isinstance(self.base, nn.Linear) else delta.T
