# Merges bf16 in float32 for accuracy and forgets to cast the weight back.
# fails: lora.3.drift


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def merge(self):
        if not self.merged:
            wide = torch.promote_types(self.base.weight.dtype, torch.float32)
            self.base.weight.data = self.base.weight.to(wide) + self.weight_update().to(wide)
            self.merged = True
