# Takes the square root of alpha along with that of r.
# fails: lora.1.rslora lora.1.edges lora.2.rslora lora.3.exact lora.5.rslora
import math


def lora_scale(alpha, r, rslora=False):
    return math.sqrt(alpha) / math.sqrt(r) if rslora else alpha / r
