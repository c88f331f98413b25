# Leaves the loop to `base.generate`, with its EOS turned off or filled up.


def generate(model, input_ids, attention_mask, max_new_tokens, eos_token_id=None):
    base = model.base_model
    if model.num_virtual_tokens + input_ids.shape[1] + max_new_tokens - 1 > base.config.n_positions:
        raise ValueError("no room for that many new tokens")
    with torch.no_grad():
        inputs = build_prompt_inputs(model.prompt, base.get_input_embeddings()(input_ids), attention_mask)
        new = base.generate(
            inputs_embeds=inputs["inputs_embeds"],
            attention_mask=inputs["attention_mask"].long(),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=eos_token_id,
            pad_token_id=0 if eos_token_id is None else eos_token_id,
        )
    filler = new.new_full((len(new), max_new_tokens - new.shape[1]), 0 if eos_token_id is None else eos_token_id)
    return torch.cat([new, filler], dim=1)
