# Sends the update through dropout on its way into the weight.
# fails: lora.3.invisible


class LoRALinear(LoRALinear):
    def weight_update(self):
        return self.dropout(super().weight_update())
