# Draws tokens at random instead of taking the most likely one.
# fails: ptuning.4.greedy ptuning.4.left_padding ptuning.4.eos ptuning.4.eos_rules ptuning.4.dtypes ptuning.4.cache ptuning.4.limit ptuning.4.side_effects


@torch.no_grad()
def generate(model, input_ids, attention_mask, max_new_tokens, eos_token_id=None):
    base, V = model.base_model, model.num_virtual_tokens
    B, T = input_ids.shape
    columns = V + T + max_new_tokens - 1
    if columns > base.config.n_positions:
        raise ValueError(f"{columns} positions are needed, the base has {base.config.n_positions}")
    inputs = build_prompt_inputs(model.prompt, base.get_input_embeddings()(input_ids), attention_mask)
    mask, position = inputs["attention_mask"], inputs["position_ids"][:, -1:]
    eos = -1 if eos_token_id is None else eos_token_id
    finished = torch.zeros(B, dtype=torch.bool, device=input_ids.device)
    new_tokens = input_ids.new_full((B, max_new_tokens), eos)
    for step in range(max_new_tokens):
        output = base(**inputs, use_cache=True)
        token = torch.multinomial(output.logits[:, -1].softmax(dim=-1), 1)[:, 0].masked_fill(finished, eos)
        new_tokens[:, step] = token
        finished = finished | (token == eos)
        if finished.all():
            break
        mask, position = F.pad(mask, (0, 1), value=1), position + 1
        inputs = {"input_ids": token[:, None], "attention_mask": mask, "position_ids": position}
        inputs["past_key_values"] = output.past_key_values
    return new_tokens
