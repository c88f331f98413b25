# Merges into a copy of the base that the layer runs from then on; the base itself is not touched.
# fails: lora.3.exact lora.3.invisible lora.3.unmerge lora.3.drift lora.3.base_update
import copy


class LoRALinear(LoRALinear):
    def forward(self, x):
        return self.copy(x) if self.merged else super().forward(x)

    @torch.no_grad()
    def merge(self):
        if not self.merged:
            self.copy = copy.deepcopy(self.base)
            self.copy.weight += self.weight_update()
            self.merged = True

    def unmerge(self):
        if self.merged:
            del self.copy
            self.merged = False
