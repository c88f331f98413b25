# Looks at shapes to see whether to transpose, and always transposes where these cannot tell.
# fails: lora.3.square


class LoRALinear(LoRALinear):
    def weight_update(self):
        delta = lora_delta(self.A, self.B, self.alpha, self.rslora).T
        return delta if delta.shape == self.base.weight.shape else delta.T
