# Multiplies low precision in float32, which is fine, and returns float32, which is not.
# fails: lora.1.dtype


def lora_delta(A, B, alpha, rslora=False):
    wide = torch.promote_types(A.dtype, torch.float32)
    return lora_scale(alpha, A.shape[0], rslora) * (B.to(wide) @ A.to(wide))
