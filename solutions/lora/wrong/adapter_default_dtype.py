# Creates A and B in torch's default dtype and not in that of the base.
# fails: lora.2.dtypes lora.3.drift


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.data = self.A.data.to(torch.get_default_dtype())
        self.B.data = self.B.data.to(torch.get_default_dtype())
