# Puts the factor around the whole output, base included.
# fails: lora.2.starts_as_base lora.2.formula lora.2.rslora lora.2.gradients lora.2.shares_base lora.2.dtypes lora.2.round_trip lora.2.edges lora.3.invisible lora.3.square lora.3.drift lora.3.base_update lora.4.equals_peft lora.4.linear lora.4.fresh lora.5.reads_peft lora.5.rslora lora.5.round_trip


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return scale * (self.base(x) + self.dropout(x) @ self.A.T @ self.B.T)
