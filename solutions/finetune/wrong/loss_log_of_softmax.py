# Takes the logarithm of a softmax, which is log 0 for a large logit.
# fails: finetune.1.extreme


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    predictions = logits[:, :-1].flatten(0, 1)  # (B * (T-1), V)
    targets = labels[:, 1:].flatten()
    if logits.dtype in (torch.bfloat16, torch.float16):
        predictions = predictions.float()
    loss_sum = nn.functional.nll_loss(predictions.softmax(-1).log(), targets, ignore_index=-100, reduction="sum")
    return loss_sum, (targets != -100).sum()


train.__kwdefaults__["loss"] = lm_loss  # defaults were bound to the first definition
evaluate.__defaults__ = (lm_loss,)
