# Keeps the factor in a float32 tensor, which rounds it: float64 results are off by 1e-8.
# fails: lora.1.formula lora.1.rslora lora.1.gradient lora.1.dtype lora.1.edges lora.2.formula lora.2.rslora lora.2.gradients lora.2.dtypes lora.2.edges lora.3.exact lora.3.base_update lora.4.equals_peft lora.4.linear lora.5.reads_peft lora.5.rslora lora.5.round_trip
import math

import torch


def lora_scale(alpha, r, rslora=False):
    return torch.tensor(alpha / math.sqrt(r) if rslora else alpha / r, dtype=torch.float32)
