# Rebuilds a Conv1D as an nn.Linear with its weight untransposed, which a square layer accepts in silence.
# fails: lora.4.equals_peft lora.5.reads_peft lora.5.rslora


class LoRALinear(LoRALinear):
    def forward(self, x):
        if isinstance(self.base, Conv1D):
            inputs, outputs = self.base.weight.shape
            weight = self.base.weight.T if inputs != outputs else self.base.weight
            output = nn.functional.linear(x, weight, self.base.bias)
            if self.merged:
                return output
            scale = lora_scale(self.alpha, self.r, self.rslora)
            return output + scale * (self.dropout(x) @ self.A.T @ self.B.T)
        return super().forward(x)
