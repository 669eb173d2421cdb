"""What all models share: the registry, the parts that networks are built of, weights, saving."""
