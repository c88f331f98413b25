# Never looks at the rslora flag.
# fails: lora.1.rslora lora.1.edges lora.2.rslora lora.3.exact lora.5.rslora


def lora_scale(alpha, r, rslora=False):
    return alpha / r
