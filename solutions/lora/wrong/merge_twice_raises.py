# Raises on a second merge, which is to change nothing.
# fails: lora.3.repeated


class LoRALinear(LoRALinear):
    def merge(self):
        if self.merged:
            raise RuntimeError("already merged")
        super().merge()
