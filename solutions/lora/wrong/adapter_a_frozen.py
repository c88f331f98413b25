# Trains B only and keeps A as it was drawn, as LoRA-FA does.
# fails: lora.2.gradients lora.2.parameters lora.4.counts lora.4.frozen


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.requires_grad_(False)
