# Multiplies by einsum, and scales the smaller matrix first.


def lora_delta(A, B, alpha, rslora=False):
    return torch.einsum("or,ri->oi", B, lora_scale(alpha, len(A), rslora) * A)
