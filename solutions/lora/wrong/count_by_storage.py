# Tells tensors apart by data_ptr, which is 0 for all of them on the meta device.
# fails: lora.4.counts


def count_parameters(model):
    distinct = {p.data_ptr(): p for p in model.parameters()}.values()
    return sum(p.numel() for p in distinct if p.requires_grad), sum(p.numel() for p in distinct)
