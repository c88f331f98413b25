# Keeps the copy for unmerging in half precision to save memory.
# fails: lora.3.unmerge


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.original = self.base.weight.half()
            super().merge()

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight.copy_(self.original)
            self.merged = False
