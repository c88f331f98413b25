# Multiplies by a Conv1D's weight and forgets its bias.
# fails: lora.4.equals_peft lora.4.fresh lora.5.reads_peft lora.5.rslora


class LoRALinear(LoRALinear):
    def forward(self, x):
        output = super().forward(x)
        return output - self.base.bias if isinstance(self.base, Conv1D) else output
