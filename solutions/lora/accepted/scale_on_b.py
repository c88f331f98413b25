# Multiplies B by the factor in every forward pass.


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + self.dropout(x) @ self.A.T @ (self.B.T * lora_scale(self.alpha, self.r, self.rslora))
