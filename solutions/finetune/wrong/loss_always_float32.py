# Converts float64 logits to float32 as well.
# fails: finetune.1.ignored finetune.1.split finetune.1.extreme finetune.1.dtype finetune.1.reference finetune.1.masked


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, :-1].flatten(0, 1)  # (B * (T-1), V)
    targets = labels[:, 1:].flatten()
    predictions = predictions.float()
    loss_sum = nn.functional.cross_entropy(predictions, targets, ignore_index=-100, reduction="sum")
    return loss_sum, (targets != -100).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
