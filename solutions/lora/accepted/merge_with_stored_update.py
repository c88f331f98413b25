# Remembers the update that it added and subtracts that one, at the layer's own precision.


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.added = self.weight_update()
            self.base.weight.add_(self.added)
            self.merged = True

    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight.sub_(self.added)
            del self.added
            self.merged = False
