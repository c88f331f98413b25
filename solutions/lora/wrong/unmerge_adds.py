# Adds the update a second time instead of subtracting it.
# fails: lora.3.unmerge lora.3.drift lora.3.base_update


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight += self.weight_update()
            self.merged = False
