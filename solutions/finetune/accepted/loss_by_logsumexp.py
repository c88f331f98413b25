# Computes log-sum-exp minus the logit of the label, row by row, in a Python loop.


def lm_loss(logits, labels):
    dtype = torch.float32 if logits.dtype in (torch.bfloat16, torch.float16) else logits.dtype
    total, count = logits.to(dtype).sum() * 0, 0
    for row_logits, row_labels in zip(logits.to(dtype), labels):
        for before, target in zip(row_logits[:-1], row_labels[1:].tolist()):
            if target != -100:
                total = total + before.logsumexp(0) - before[target]
                count += 1
    return total, count
