# Returns one row of positions for the whole batch where there is no mask.
# fails: ptuning.1.positions


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.to(embeds).expand(B, V, d), embeds], dim=1)
    given = attention_mask is not None
    if not given:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    attention_mask = F.pad(attention_mask, (V, 0), value=1)
    position_ids = attention_mask.long().cumsum(dim=1) - 1
    if not given:
        position_ids = position_ids[:1]
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
