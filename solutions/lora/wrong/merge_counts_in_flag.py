# Counts merges in `merged` instead of keeping a bool.
# fails: lora.3.repeated lora.3.modes lora.3.instances


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.base.weight += self.weight_update()
            self.merged += 1

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight -= self.weight_update()
            self.merged -= 1
