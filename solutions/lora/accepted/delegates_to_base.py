# Passes weight, bias and widths of the base through, so that other code takes the layer for a linear one.


class LoRALinear(LoRALinear):
    weight = property(lambda self: self.base.weight)
    bias = property(lambda self: self.base.bias)
    in_features = property(lambda self: self.A.shape[1])
    out_features = property(lambda self: self.B.shape[0])
