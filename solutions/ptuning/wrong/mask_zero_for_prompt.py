# Extends the mask with zeros, so that nobody sees the prompt.
# fails: ptuning.1.mask ptuning.1.odd_masks ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.to(embeds).expand(B, V, d), embeds], dim=1)
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    position_ids = F.pad(attention_mask, (V, 0), value=1).long().cumsum(dim=1) - 1
    attention_mask = F.pad(attention_mask, (V, 0), value=0)
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
