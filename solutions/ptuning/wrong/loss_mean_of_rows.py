# Averages the rows' losses: short rows count as much as long ones.
# fails: ptuning.2.loss


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        output = self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
        if labels is not None:
            logits = output.logits[:, self.num_virtual_tokens - 1 : -1]
            losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none").sum(dim=1)
            output.loss = (losses / (labels != -100).sum(dim=1).clamp(min=1)).mean()
        return output
