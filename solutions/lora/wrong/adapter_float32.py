# Creates A and B in float32, which meets a float64 or bf16 base with an error.
# fails: lora.2.starts_as_base lora.2.formula lora.2.rslora lora.2.gradients lora.2.frozen lora.2.shares_base lora.2.dropout lora.2.dtypes lora.2.flops lora.2.independent lora.2.round_trip lora.2.edges lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.repeated lora.3.modes lora.3.drift lora.3.trainable lora.3.instances lora.3.base_update lora.4.equals_peft lora.4.linear lora.4.frozen lora.4.options lora.4.fresh lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.round_trip lora.5.dropout lora.5.merged


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.A.data = self.A.data.float()
        self.B.data = self.B.data.float()
