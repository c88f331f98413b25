# Sums r outer products, one for each row of A and column of B.


def lora_delta(A, B, alpha, rslora=False):
    scale = lora_scale(alpha, A.shape[0], rslora)
    return sum(scale * torch.outer(column, row) for row, column in zip(A, B.T, strict=True))
