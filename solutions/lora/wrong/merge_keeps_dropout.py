# Applies dropout to the input of the merged weight.
# fails: lora.3.invisible


class LoRALinear(LoRALinear):
    def forward(self, x):
        return self.base(self.dropout(x)) if self.merged else super().forward(x)
