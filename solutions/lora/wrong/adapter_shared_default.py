# Keeps A and B in a mutable default argument: layers of one shape share them.
# fails: lora.2.dropout lora.2.independent lora.4.equals_peft lora.4.linear lora.4.targets lora.4.counts lora.4.frozen lora.4.options lora.4.fresh lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.round_trip lora.5.merged


class LoRALinear(LoRALinear):
    def __init__(self, base, r, alpha, dropout=0.0, rslora=False, made={}):
        super().__init__(base, r, alpha, dropout, rslora)
        self.A, self.B = made.setdefault((self.A.shape, self.B.shape, self.A.dtype, self.A.device), (self.A, self.B))
