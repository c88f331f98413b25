# Clips the update to keep training stable.
# fails: lora.1.bilinear


def lora_delta(A, B, alpha, rslora=False):
    return (lora_scale(alpha, A.shape[0], rslora) * (B @ A)).clamp(-1000, 1000)
