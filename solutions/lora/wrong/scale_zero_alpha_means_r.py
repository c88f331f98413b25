# Takes alpha = 0 for "not given" and falls back to alpha = r, as some trainers do.
# fails: lora.1.edges lora.2.edges
import math


def lora_scale(alpha, r, rslora=False):
    alpha = alpha or r
    return alpha / math.sqrt(r) if rslora else alpha / r
