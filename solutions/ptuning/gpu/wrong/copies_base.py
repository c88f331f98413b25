# Keeps a copy of the base, so that nothing can happen to the caller's.
# fails: ptuning.2.gpu_memory

import copy


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__(copy.deepcopy(base_model), num_virtual_tokens)
