# Keeps A and B as plain tensors with requires_grad: no optimiser, `to` or state_dict sees them.
# fails: lora.2.parameters lora.2.frozen lora.2.round_trip lora.3.trainable lora.4.targets lora.4.counts lora.4.frozen


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        A, B = self.A.data, self.B.data
        del self.A, self.B
        self.A = A.requires_grad_()
        self.B = B.requires_grad_()
