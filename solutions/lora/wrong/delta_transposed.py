# Multiplies in the order of x A B, as for row vectors: the update is (in, out).
# fails: lora.1.formula lora.1.rank_law lora.1.rslora lora.1.gradient lora.1.dtype lora.1.edges lora.1.bilinear lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.repeated lora.3.modes lora.3.drift lora.3.trainable lora.3.instances lora.3.base_update lora.5.merged


def lora_delta(A, B, alpha, rslora=False):
    return lora_scale(alpha, A.shape[0], rslora) * (A.T @ B.T)
