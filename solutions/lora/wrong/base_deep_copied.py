# Wraps a deep copy of the base: the caller's weight and the layer's go separate ways.
# fails: lora.2.shares_base lora.3.exact lora.3.invisible lora.3.unmerge lora.3.drift lora.3.base_update
import copy


class LoRALinear(LoRALinear):
    def __init__(self, base, *args, **kwargs):
        super().__init__(copy.deepcopy(base), *args, **kwargs)
