# Shifts the text's positions by the number of pads, wherever they stand.
# fails: ptuning.1.positions ptuning.1.odd_masks ptuning.2.other_padding ptuning.2.loss


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.to(embeds).expand(B, V, d), embeds], dim=1)
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    attention_mask = F.pad(attention_mask, (V, 0), value=1)
    pads = T - attention_mask[:, V:].long().sum(dim=1, keepdim=True)
    text = (torch.arange(V, V + T, device=embeds.device) - pads).clamp(min=0)
    position_ids = torch.cat([torch.arange(V, device=embeds.device).expand(B, V), text], dim=1)
    if labels is not None:
        labels = F.pad(labels, (V, 0), value=-100)
    return {
        "inputs_embeds": inputs_embeds,
        "attention_mask": attention_mask,
        "position_ids": position_ids,
        "labels": labels,
    }
