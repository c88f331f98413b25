# Fills the update from flat views of A and B, which do not exist when these are not contiguous.
# fails: lora.1.edges


def lora_delta(A, B, alpha, rslora=False):
    r, inputs = A.shape
    rows = A.view(-1).split(inputs)
    columns = B.view(-1, r).unbind(1)
    return lora_scale(alpha, r, rslora) * sum(column[:, None] * row for column, row in zip(columns, rows, strict=True))
