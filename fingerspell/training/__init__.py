"""How models learn: batches from arrays on disk, random changes, the training itself, its checkpoint and history."""
