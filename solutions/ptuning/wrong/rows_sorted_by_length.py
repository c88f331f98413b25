# Sorts rows by length and does not put them back.
# fails: ptuning.2.left_padding ptuning.2.other_padding ptuning.2.rows


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        if attention_mask is not None:
            order = attention_mask.long().sum(dim=1).argsort(descending=True)
            input_ids, attention_mask = input_ids[order], attention_mask[order]
            labels = None if labels is None else labels[order]
        embeds = self.base_model.get_input_embeddings()(input_ids)
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
