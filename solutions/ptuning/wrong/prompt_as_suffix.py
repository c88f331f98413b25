# Puts the prompt behind the text, mask and labels accordingly.
# fails: ptuning.1.layout ptuning.1.mask ptuning.1.positions ptuning.1.labels ptuning.1.gradients ptuning.1.odd_masks ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.rows


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([embeds, prompt.to(embeds).expand(B, V, d)], dim=1)
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    attention_mask = F.pad(attention_mask, (0, V), value=1)
    position_ids = attention_mask.long().cumsum(dim=1) - 1
    if labels is not None:
        labels = F.pad(labels, (0, V), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
