# Computes in float32 "for stability" and casts back, which costs float64 half of its digits.
# fails: lora.1.formula lora.1.rank_law lora.1.rslora lora.1.gradient lora.1.dtype lora.1.edges lora.1.bilinear lora.3.exact lora.3.invisible lora.3.square lora.3.base_update


def lora_delta(A, B, alpha, rslora=False):
    return (lora_scale(alpha, A.shape[0], rslora) * (B.float() @ A.float())).to(A.dtype)
