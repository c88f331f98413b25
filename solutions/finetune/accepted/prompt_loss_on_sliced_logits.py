# Drops the logits of all virtual tokens but the last, and gives that one the first token as its target.


def text_loss(logits, labels):
    virtual_tokens = logits.shape[1] - labels.shape[1]
    if virtual_tokens == 0:
        return lm_loss(logits, labels)
    nothing = labels.new_full((len(labels), 1), -100)
    return lm_loss(logits[:, virtual_tokens - 1 :], torch.cat([nothing, labels], dim=1))
