# Counts over a dict of parameters by id, tied ones listed twice at first.


def count_parameters(model):
    listed = [p for _, p in model.named_parameters(remove_duplicate=False)]
    unique = list({id(p): p for p in listed}.values())
    return sum(map(torch.numel, filter(lambda p: p.requires_grad, unique))), sum(map(torch.numel, unique))
