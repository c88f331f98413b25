# Matches a target anywhere in the module's name.
# fails: lora.4.targets


def matches(name, target):
    return target in name
