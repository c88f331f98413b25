# Stores the prompt in exactly the base's dtype, bfloat16 included.


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__(base_model, num_virtual_tokens)
        self.prompt = nn.Parameter(self.prompt.detach().to(base_model.dtype))
