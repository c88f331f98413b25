# Stores the prompt as (1, V, d), starts at zeros, and repeats it with `repeat`.


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    V, d = prompt.shape[-2:]
    B, T, _ = embeds.shape
    prefix = prompt.reshape(1, V, d).repeat(B, 1, 1).to(embeds.device, embeds.dtype)
    if attention_mask is None:
        attention_mask = torch.ones((B, T), device=embeds.device)
    mask = torch.cat([torch.ones((B, V), device=embeds.device), attention_mask.float()], dim=1)
    positions = torch.cumsum(mask, dim=-1).to(torch.int64) - 1
    if labels is not None:
        labels = torch.cat([labels.new_full((B, V), -100), labels], dim=1)
    return dict(
        inputs_embeds=torch.cat((prefix, embeds), 1),
        attention_mask=mask,
        position_ids=positions.masked_fill(mask == 0, 1),
        labels=labels,
    )


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError("at least one virtual token is needed")
        base_model.requires_grad_(False)
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        table = base_model.get_input_embeddings().weight
        self.prompt = nn.Parameter(torch.zeros(1, num_virtual_tokens, table.shape[1], dtype=table.dtype))
