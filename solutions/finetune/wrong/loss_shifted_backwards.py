# Lets each position predict the token before it.
# fails: finetune.1.value finetune.1.ignored finetune.1.split finetune.1.extreme finetune.1.dtype finetune.1.reference finetune.1.masked


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, 1:].flatten(0, 1)
    targets = labels[:, :-1].flatten()
    if logits.dtype in (torch.bfloat16, torch.float16):
        predictions = predictions.float()
    loss_sum = nn.functional.cross_entropy(predictions, targets, ignore_index=-100, reduction="sum")
    return loss_sum, (targets != -100).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
