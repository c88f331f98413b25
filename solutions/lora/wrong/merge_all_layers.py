# Keeps a list of all layers, and merges every one of them.
# fails: lora.3.instances

LAYERS = []


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        LAYERS.append(self)

    def merge(self):
        for layer in LAYERS:
            super(LoRALinear, layer).merge()
