# Counts at least one target in every row, to divide by it later.
# fails: finetune.1.empty finetune.1.reference finetune.1.masked


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, :-1].flatten(0, 1)  # (B * (T-1), V)
    targets = labels[:, 1:].flatten()
    if logits.dtype in (torch.bfloat16, torch.float16):
        predictions = predictions.float()
    loss_sum = nn.functional.cross_entropy(predictions, targets, ignore_index=-100, reduction="sum")
    return loss_sum, (labels[:, 1:] != -100).sum(1).clamp(min=1).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
