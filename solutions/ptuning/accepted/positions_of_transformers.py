# Asks transformers for positions, as its own `generate` does.


def build_prompt_inputs(prompt, embeds, attention_mask=None, labels=None):
    from transformers import BatchEncoding, GPT2LMHeadModel

    V, B = len(prompt), len(embeds)
    prefix = prompt.to(embeds.dtype).unsqueeze(0).expand(B, -1, -1)
    embeds = torch.cat([prefix, embeds], dim=1)
    mask = torch.ones(embeds.shape[:2], dtype=torch.int32)
    if attention_mask is not None:
        mask[:, V:] = attention_mask
    positions = GPT2LMHeadModel._prepare_position_ids_for_generation(None, embeds, {"attention_mask": mask})
    if labels is not None:
        labels = torch.cat([torch.full((B, V), -100), labels], dim=1)
    return BatchEncoding({"inputs_embeds": embeds, "attention_mask": mask, "position_ids": positions, "labels": labels})
