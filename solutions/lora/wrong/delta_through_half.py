# Multiplies in half precision to save memory and casts back: large updates overflow.
# fails: lora.1.gradient lora.1.bilinear


def lora_delta(A, B, alpha, rslora=False):
    return lora_scale(alpha, A.shape[0], rslora) * (B.half() @ A.half()).to(A.dtype)
