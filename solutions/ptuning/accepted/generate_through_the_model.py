# Takes the first step through the model itself and uses the cache that it returns; never stops early.


def generate(model, input_ids, attention_mask, max_new_tokens, eos_token_id=None):
    B, T = input_ids.shape
    V, base = model.num_virtual_tokens, model.base_model
    if base.config.n_positions < V + T + max_new_tokens - 1:
        raise ValueError("no room for that many new tokens")
    modes = {module: module.training for module in model.modules()}
    model.eval()
    new = torch.empty(B, 0, dtype=torch.long)
    with torch.no_grad():
        output = model(input_ids, attention_mask)
        mask = torch.cat([torch.ones(B, V), attention_mask.float()], dim=1)
        for step in range(max_new_tokens):
            token = output.logits[:, -1:].argmax(-1)
            if eos_token_id is not None:
                token[(new == eos_token_id).any(dim=1)] = eos_token_id
            new = torch.cat([new, token], dim=1)
            if step < max_new_tokens - 1:
                mask = torch.cat([mask, torch.ones(B, 1)], dim=1)
                output = base(
                    inputs_embeds=base.get_input_embeddings()(token),
                    attention_mask=mask,
                    position_ids=mask.sum(dim=1, keepdim=True).long() - 1,
                    past_key_values=output.past_key_values,
                )
    for module, training in modes.items():
        module.training = training
    return new
