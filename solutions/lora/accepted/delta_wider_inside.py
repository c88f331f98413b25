# Multiplies in float64 and rounds once at the end.


def lora_delta(A, B, alpha, rslora=False):
    return (lora_scale(alpha, A.size(0), rslora) * (B.double() @ A.double())).to(A.dtype)
