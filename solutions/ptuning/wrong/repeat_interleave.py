# Repeats each virtual token B times instead of the prompt: right for one row, scrambled for two.
# fails: ptuning.1.layout ptuning.1.gradients ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.rows


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    prefix = prompt.repeat_interleave(B, dim=0).view(B, V, d)
    inputs_embeds = torch.cat([prefix.to(embeds), embeds], dim=1)
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    attention_mask = F.pad(attention_mask, (V, 0), value=1)
    position_ids = attention_mask.long().cumsum(dim=1) - 1
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
