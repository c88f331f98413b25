# Multiplies the data of A and B, which leaves autograd out.
# fails: lora.2.gradients lora.2.frozen lora.3.trainable lora.4.frozen


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (self.dropout(x) @ self.A.data.T @ self.B.data.T)
