# Multiplies by the base's weight and forgets its bias.
# fails: lora.2.starts_as_base lora.2.formula lora.2.rslora lora.2.dtypes lora.2.round_trip lora.2.edges lora.3.exact lora.3.invisible lora.3.base_update lora.4.equals_peft lora.4.linear lora.4.fresh lora.5.reads_peft lora.5.rslora lora.5.round_trip


class LoRALinear(LoRALinear):
    def forward(self, x):
        weight = self.base.weight
        output = x @ (weight.T if isinstance(self.base, nn.Linear) else weight)
        if self.merged:
            return output
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return output + scale * (self.dropout(x) @ self.A.T @ self.B.T)
