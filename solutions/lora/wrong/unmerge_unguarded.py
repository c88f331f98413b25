# Subtracts the update from a layer that is not merged.
# fails: lora.3.repeated


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def unmerge(self):
        self.base.weight -= self.weight_update()
        self.merged = False
