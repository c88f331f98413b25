# Keeps a copy of the weight while merged and puts exactly that back; `merged` says whether there is one.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        self.backup = None
        super().__init__(*args, **kwargs)

    @property
    def merged(self):
        return self.backup is not None

    @merged.setter
    def merged(self, value):
        assert not value

    def merge(self):
        if self.backup is None:
            backup = self.base.weight.detach().clone()
            self.base.weight.data.add_(self.weight_update().detach())
            self.backup = backup

    def unmerge(self):
        if self.backup is not None:
            self.base.weight.data.copy_(self.backup)
            self.backup = None
