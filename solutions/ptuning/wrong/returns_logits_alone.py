# Returns the logits instead of the base's output.
# fails: ptuning.2.frozen ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.dtypes ptuning.2.limits ptuning.2.no_mask ptuning.2.rows ptuning.2.wraps ptuning.2.instances


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels)).logits
