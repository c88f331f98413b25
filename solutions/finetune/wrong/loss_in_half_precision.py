# Sums in bfloat16 if the logits are bfloat16.
# fails: finetune.1.dtype


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, :-1].flatten(0, 1)  # (B * (T-1), V)
    targets = labels[:, 1:].flatten()
    loss_sum = nn.functional.cross_entropy(predictions, targets, ignore_index=-100, reduction="sum")
    return loss_sum, (targets != -100).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
