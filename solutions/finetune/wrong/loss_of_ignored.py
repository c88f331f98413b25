# Replaces -100 by word 0 to make the lookup work, and lets it count in the sum.
# fails: finetune.1.value finetune.1.ignored finetune.1.split finetune.1.dtype finetune.1.empty finetune.1.reference finetune.1.masked


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, :-1].flatten(0, 1)  # (B * (T-1), V)
    targets = labels[:, 1:].flatten()
    if logits.dtype in (torch.bfloat16, torch.float16):
        predictions = predictions.float()
    words = targets.clamp(min=0)
    loss_sum = nn.functional.cross_entropy(predictions, words, reduction="sum")
    return loss_sum, (targets != -100).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
