# Matches the end of the name as text, so that `query` also hits `subquery`.
# fails: lora.4.targets


def matches(name, target):
    return name.endswith(target)
