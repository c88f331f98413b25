# Knows pads on the left and pads on the right, but not both in one row.
# fails: ptuning.1.positions ptuning.1.odd_masks ptuning.2.other_padding


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.to(embeds).expand(B, V, d), embeds], dim=1)
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    attention_mask = F.pad(attention_mask, (V, 0), value=1)
    columns = torch.arange(V, V + T, device=embeds.device).expand(B, T)
    mask = attention_mask[:, V:].long()
    pads = torch.where(mask[:, :1] == 0, T - mask.sum(dim=1, keepdim=True), 0)
    prefix = torch.arange(V, device=embeds.device).expand(B, V)
    position_ids = torch.cat([prefix, (columns - pads).clamp(min=0)], dim=1)
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
