# Multiplies the factor into the first A and leaves it out of the forward pass.
# fails: lora.2.formula lora.2.rslora lora.2.gradients lora.2.init lora.2.dtypes lora.2.edges lora.3.exact lora.3.base_update lora.4.equals_peft lora.4.linear lora.5.reads_peft lora.5.rslora lora.5.round_trip


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.data *= lora_scale(self.alpha, self.r, self.rslora)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.dropout(x) @ self.A.T @ self.B.T

    def weight_update(self):
        delta = self.B @ self.A
        return delta if isinstance(self.base, nn.Linear) else delta.T
