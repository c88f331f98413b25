# Makes the base trainable again on unmerging, "to go on training".
# fails: lora.3.trainable


class LoRALinear(LoRALinear):
    def unmerge(self):
        super().unmerge()
        self.requires_grad_(True)
