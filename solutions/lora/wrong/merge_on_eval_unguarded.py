# Merges in every switch to eval mode, already merged or not.
# fails: lora.2.dropout lora.3.invisible lora.3.modes lora.4.options lora.5.dropout


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def train(self, mode=True):
        super().train(mode)
        if hasattr(self, "B"):
            self.base.weight += self.weight_update() * (-1 if mode else 1)
            self.merged = not mode
        return self
