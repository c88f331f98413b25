# Freezes A and B on merging, and unmerge does not bring them back.
# fails: lora.3.trainable


class LoRALinear(LoRALinear):
    def merge(self):
        super().merge()
        self.A.requires_grad_(False)
        self.B.requires_grad_(False)
