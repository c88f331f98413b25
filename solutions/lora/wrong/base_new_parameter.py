# Builds a fresh nn.Parameter over the base's data: the same numbers, but another Parameter.
# fails: lora.2.shares_base
import copy


class LoRALinear(LoRALinear):
    def __init__(self, base, *args, **kwargs):
        super().__init__(copy.copy(base), *args, **kwargs)
        self.base._parameters = {
            name: None if p is None else nn.Parameter(p.data, requires_grad=False)
            for name, p in base._parameters.items()
        }
