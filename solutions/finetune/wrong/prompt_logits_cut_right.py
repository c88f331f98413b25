# Compares the first T logits, those of the virtual tokens among them, with the text.
# fails: finetune.6.prompt


def text_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    return lm_loss(logits[:, : labels.shape[1]], labels)
