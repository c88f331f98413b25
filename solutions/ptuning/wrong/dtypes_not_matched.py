# Joins prompt and text as they are; the wider dtype wins.
# fails: ptuning.1.dtypes ptuning.2.dtypes ptuning.4.dtypes


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs_embeds = torch.cat([prompt.expand(B, V, d), embeds], dim=1)
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
