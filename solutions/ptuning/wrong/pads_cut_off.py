# Cuts off columns that are pads in every row, so that logits lose columns.
# fails: ptuning.2.left_padding


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        if attention_mask is not None:
            used = attention_mask.bool().any(dim=0)
            input_ids, attention_mask = input_ids[:, used], attention_mask[:, used]
            labels = None if labels is None else labels[:, used]
        embeds = self.base_model.get_input_embeddings()(input_ids)
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
