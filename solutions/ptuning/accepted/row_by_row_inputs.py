# Builds the inputs with Python loops, row by row.


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, (B, T, _) = len(prompt), embeds.shape
    rows, masks, positions, wanted = [], [], [], []
    for row in range(B):
        real = [1] * T if attention_mask is None else [int(x) for x in attention_mask[row].tolist()]
        numbers, count = [], 0
        for flag in [1] * V + real:
            numbers.append(count if flag else V)
            count += flag
        rows.append(torch.vstack([prompt.type_as(embeds), embeds[row]]))
        masks.append([1] * V + real)
        positions.append(numbers)
        wanted.append(None if labels is None else [-100] * V + labels[row].tolist())
    return {
        "inputs_embeds": torch.stack(rows),
        "attention_mask": torch.tensor(masks, device=embeds.device),
        "position_ids": torch.tensor(positions, device=embeds.device),
        "labels": None if labels is None else torch.tensor(wanted, device=embeds.device),
    }
