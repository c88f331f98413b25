# Puts the layer in eval mode on merging, because merging is for inference.
# fails: lora.3.modes


class LoRALinear(LoRALinear):
    def merge(self):
        super().merge()
        self.eval()
