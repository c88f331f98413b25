# Computes the update in float32 whatever the dtype of the layer: float64 loses half of its digits.
# fails: lora.2.formula lora.2.rslora lora.2.gradients lora.2.dropout lora.2.dtypes lora.2.round_trip lora.2.edges lora.3.invisible lora.3.square lora.3.base_update lora.4.equals_peft lora.4.linear lora.5.reads_peft lora.5.rslora lora.5.round_trip


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        update = scale * (self.dropout(x).float() @ self.A.T.float() @ self.B.T.float())
        return self.base(x) + update.to(x.dtype)
