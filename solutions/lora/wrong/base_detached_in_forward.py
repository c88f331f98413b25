# Detaches the base's tensors in forward instead of freezing them: they still count as trainable.
# fails: lora.2.frozen
from torch.func import functional_call


class LoRALinear(LoRALinear):
    def __init__(self, base, *args, **kwargs):
        trainable = base.weight.requires_grad
        super().__init__(base, *args, **kwargs)
        base.requires_grad_(trainable)  # as it came

    def forward(self, x):
        frozen = functional_call(self.base, {k: v.detach() for k, v in self.base.named_parameters()}, x)
        if self.merged:
            return frozen
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return frozen + scale * (self.dropout(x) @ self.A.T @ self.B.T)
