# Runs the base under no_grad, which cuts the gradient of every layer before it.
# fails: lora.2.gradients


class LoRALinear(LoRALinear):
    def forward(self, x):
        with torch.no_grad():
            output = self.base(x)
        if self.merged:
            return output
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return output + scale * (self.dropout(x) @ self.A.T @ self.B.T)
