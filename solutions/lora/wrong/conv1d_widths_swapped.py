# Reads a Conv1D's weight as (out, in), as nn.Linear stores it.
# fails: lora.4.equals_peft lora.4.frozen lora.4.options lora.4.fresh lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.strict lora.5.refuses


def layer_widths(base):
    return base.weight.shape[1], base.weight.shape[0]
