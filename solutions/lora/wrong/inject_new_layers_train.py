# Leaves new layers in train mode inside a model in eval mode.
# fails: lora.4.options lora.5.dropout


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.training = self.dropout.training = True
