# Merges in `eval()`, and unmerges in `train()`, for speed.
# fails: lora.3.modes lora.4.options lora.5.dropout


class LoRALinear(LoRALinear):
    def train(self, mode=True):
        super().train(mode)
        if hasattr(self, "B"):
            self.unmerge() if mode else self.merge()
        return self
