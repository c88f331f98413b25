# Puts the missing labels behind the text.
# fails: finetune.6.prompt


def text_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    virtual_tokens = logits.shape[1] - labels.shape[1]
    return lm_loss(logits, nn.functional.pad(labels, (0, virtual_tokens), value=-100))
