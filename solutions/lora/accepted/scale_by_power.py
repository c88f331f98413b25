# Writes both rules as one: alpha times r to the power -1 or -1/2.


def lora_scale(alpha, r, rslora=False):
    return alpha * r ** (-0.5 if rslora else -1.0)
