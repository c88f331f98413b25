# Computes the loss itself, in float64 for a float64 base, and returns another kind of output.


from types import SimpleNamespace


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        logits = super().forward(input_ids, attention_mask).logits
        loss = None
        if labels is not None:
            predictions = logits[:, self.num_virtual_tokens - 1 : -1]
            wanted = labels != -100
            loss = F.cross_entropy(predictions[wanted], labels[wanted])
        return SimpleNamespace(logits=logits, loss=loss)
