# Takes alpha for an integer: 0.5 becomes 0.
# fails: lora.1.formula lora.1.rank_law lora.1.rslora lora.1.gradient lora.1.dtype lora.1.edges lora.1.bilinear lora.2.formula lora.2.rslora lora.2.gradients lora.2.dtypes lora.2.edges lora.3.exact lora.3.base_update lora.4.equals_peft lora.4.linear lora.5.reads_peft
import math


def lora_scale(alpha, r, rslora=False):
    return int(alpha) / math.sqrt(r) if rslora else int(alpha) / r
