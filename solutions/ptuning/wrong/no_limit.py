# Lets a text that is too long run into the table of positions.
# fails: ptuning.2.limits


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        embeds = self.base_model.get_input_embeddings()(input_ids)
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
