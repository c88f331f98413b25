# Applies the factor to x before A.


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        x_scaled = lora_scale(self.alpha, self.r, self.rslora) * self.dropout(x)
        return self.base(x) + x_scaled @ self.A.T @ self.B.T
