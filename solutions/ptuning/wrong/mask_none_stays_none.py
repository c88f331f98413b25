# Leaves a missing mask missing: only labels may stay None.
# fails: ptuning.1.mask


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.to(embeds).expand(B, V, d), embeds], dim=1)
    if attention_mask is not None:
        attention_mask = F.pad(attention_mask, (V, 0), value=1)
    if attention_mask is not None:
        position_ids = attention_mask.long().cumsum(dim=1) - 1
    else:
        position_ids = torch.arange(V + T, device=embeds.device).expand(B, -1)
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
