# Caches the update at the first merge: what A and B learn afterwards is never merged.
# fails: lora.3.base_update
from functools import cached_property


class LoRALinear(LoRALinear):
    @cached_property
    def update(self):
        return super().weight_update().detach()

    def weight_update(self):
        return self.update
