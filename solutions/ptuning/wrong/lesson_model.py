# The lesson's own PtuningModel: nothing is frozen, no labels, no positions, float32 alone.
# fails: ptuning.2.trainable ptuning.2.frozen ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.dtypes ptuning.2.limits ptuning.2.no_mask ptuning.2.wraps ptuning.2.instances


class PtuningModel(nn.Module):
    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__()
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        self.virtual_tokens = nn.Parameter(torch.randn(num_virtual_tokens, base_model.config.hidden_size))

    @property
    def prompt(self):
        return self.virtual_tokens

    def forward(self, input_ids, attention_mask):
        B = input_ids.shape[0]
        embeds = self.base_model.get_input_embeddings()(input_ids)
        inputs_embeds = torch.cat([self.virtual_tokens.unsqueeze(0).repeat(B, 1, 1), embeds], dim=1)
        attention_mask = torch.cat([torch.ones(B, self.num_virtual_tokens), attention_mask], dim=1)
        return self.base_model(inputs_embeds=inputs_embeds, attention_mask=attention_mask)
