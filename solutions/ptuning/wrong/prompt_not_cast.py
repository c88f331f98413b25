# Joins a float32 prompt to bfloat16 embeddings, and the base refuses what comes out.
# fails: ptuning.2.dtypes


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        inputs = build_prompt_inputs(self.prompt, embeds, attention_mask, labels)
        inputs["inputs_embeds"] = torch.cat([self.prompt.expand(len(embeds), -1, -1), embeds], dim=1)
        return self.base_model(**inputs)
