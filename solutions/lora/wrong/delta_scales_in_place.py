# Multiplies B by the factor in place: the caller's B grows with every call.
# fails: lora.1.gradient lora.1.dtype lora.3.unmerge lora.3.drift lora.3.base_update lora.5.merged


def lora_delta(A, B, alpha, rslora=False):
    B.data *= lora_scale(alpha, A.shape[0], rslora)
    return B @ A
