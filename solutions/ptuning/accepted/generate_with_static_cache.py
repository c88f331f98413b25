# Uses a cache that is allocated once, and a mask of its full length from the start.


from transformers import StaticCache


def generate(model, input_ids, attention_mask, max_new_tokens, eos_token_id=None):
    base, V = model.base_model, model.num_virtual_tokens
    B, T = input_ids.shape
    length = V + T + max_new_tokens - 1
    if length > base.config.n_positions:
        raise ValueError("no room for that many new tokens")
    cache = StaticCache(config=base.config, max_cache_len=length)
    tokens = []
    ended = torch.zeros(B, dtype=torch.bool)
    with torch.inference_mode():
        inputs = build_prompt_inputs(model.prompt, base.transformer.wte(input_ids), attention_mask)
        real = F.pad(inputs.pop("attention_mask").long(), (0, max_new_tokens), value=1)
        inputs.pop("labels")
        position = inputs["position_ids"].amax(dim=1, keepdim=True)
        for step in range(max_new_tokens):
            mask = real[:, : V + T + step]
            logits = base(**inputs, attention_mask=mask, past_key_values=cache, use_cache=True).logits
            token = logits[:, -1].max(dim=-1).indices
            if eos_token_id is not None:
                token = torch.where(ended, eos_token_id, token)
                ended |= token.eq(eos_token_id)
            tokens.append(token)
            position = position + 1
            inputs = {"input_ids": token.unsqueeze(1), "position_ids": position}
    return torch.stack(tokens, dim=1).clone()
