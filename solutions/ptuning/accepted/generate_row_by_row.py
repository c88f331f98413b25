# Generates each row by itself, without its pads, and stops it at its own EOS.


@torch.inference_mode()
def generate(model, input_ids, attention_mask, max_new_tokens, eos_token_id=None):
    base, V = model.base_model, model.num_virtual_tokens
    if V + input_ids.shape[1] + max_new_tokens - 1 > base.config.n_positions:
        raise ValueError("no room for that many new tokens")
    rows = []
    for ids, real in zip(input_ids, attention_mask.bool()):
        text = base.transformer.wte(ids[real])
        inputs = {"inputs_embeds": torch.cat([model.prompt.to(text.dtype), text])[None]}
        row, cache = [], None
        while len(row) < max_new_tokens:
            output = base(**inputs, past_key_values=cache, use_cache=True)
            row.append(output.logits[0, -1].argmax().item())
            if row[-1] == eos_token_id:
                row += [eos_token_id] * (max_new_tokens - len(row))
            cache, inputs = output.past_key_values, {"input_ids": torch.tensor([row[-1:]])}
        rows.append(row)
    return torch.tensor(rows)
