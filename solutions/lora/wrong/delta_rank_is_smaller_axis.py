# Takes the smaller axis of A for the rank, which is wrong once r exceeds the number of inputs.
# fails: lora.1.rank_law lora.1.edges


def lora_delta(A, B, alpha, rslora=False):
    return lora_scale(alpha, min(A.shape), rslora) * (B @ A)
