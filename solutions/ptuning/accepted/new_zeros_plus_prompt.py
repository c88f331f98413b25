# Broadcasts the prompt by adding it to zeros; numbers pads 0; takes a short cut where nothing is padded.


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, T, B = len(prompt), embeds.shape[1], len(embeds)
    prefix = (embeds.new_zeros(B, 1, 1) + prompt.to(embeds.dtype)).to(embeds.device)
    columns = torch.arange(V + T, device=embeds.device)[None].repeat(B, 1)
    if attention_mask is None or bool((attention_mask != 0).all()):
        mask = torch.ones_like(columns, dtype=torch.bool)
        positions = columns
    else:
        mask = torch.hstack([columns[:, :V] >= 0, attention_mask.bool()])
        first = attention_mask.to(torch.int8).argmax(dim=1, keepdim=True)
        positions = torch.where(columns < V, columns, columns - first)
        positions = torch.where(mask, positions, 0)
    return {
        "labels": None if labels is None else torch.hstack([torch.full_like(columns[:, :V], -100), labels]),
        "position_ids": positions,
        "attention_mask": mask,
        "inputs_embeds": torch.hstack([prefix, embeds]),
    }
