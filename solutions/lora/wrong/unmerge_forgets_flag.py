# Restores the weight and leaves `merged` True: the update is gone from the output.
# fails: lora.3.unmerge lora.3.repeated lora.3.trainable lora.3.base_update


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def unmerge(self):
        if self.merged:
            self.base.weight -= self.weight_update()
