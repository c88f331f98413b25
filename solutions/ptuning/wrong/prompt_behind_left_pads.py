# Inserts the prompt between the pads on the left and the text.
# fails: ptuning.1.layout ptuning.1.mask ptuning.1.positions ptuning.1.odd_masks


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape
    B, T, _ = embeds.shape
    if attention_mask is None:
        attention_mask = torch.ones(B, T, dtype=torch.long, device=embeds.device)
    first = attention_mask.long().argmax(dim=1)

    def insert(row, values, at):
        return torch.cat([row[:at], values, row[at:]])

    inputs_embeds = torch.stack([insert(row, prompt.to(row), at) for row, at in zip(embeds, first)])
    mask = torch.stack([insert(row, row.new_ones(V), at) for row, at in zip(attention_mask, first)])
    if labels is not None:
        labels = torch.stack([insert(row, row.new_full((V,), -100), at) for row, at in zip(labels, first)])
    position_ids = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
    return {"inputs_embeds": inputs_embeds, "attention_mask": mask, "position_ids": position_ids, "labels": labels}
