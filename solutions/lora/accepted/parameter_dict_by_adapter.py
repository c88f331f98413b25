# Keeps the factors in ParameterDicts by adapter name, as PEFT does.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        A, B = self.A, self.B
        del self.A, self.B
        self.lora_A = nn.ParameterDict({"default": A})
        self.lora_B = nn.ParameterDict({"default": B})
        self.active = "default"

    A = property(lambda self: self.lora_A[self.active])
    B = property(lambda self: self.lora_B[self.active])
