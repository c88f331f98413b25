# Seeds torch's generator for reproducible layers: all of them start with the same A.
# fails: lora.2.independent


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        torch.manual_seed(0)
        super().__init__(*args, **kwargs)
