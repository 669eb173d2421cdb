"""The architectures: one file each, whose name is the model's name in the parameters.

A file declares `ARCHITECTURE` and the functions its kind asks for:

- `network`: `build(image_size, channels, classes, dropout)`, trained end to end.
- `backbone`: `backbone(image_size, channels, weights)`, which comes frozen, and `head(shape, classes, dropout)`;
  and `IMAGENET`, where its weights are published: the path below Keras's address, the MD5.
- `classifier`: `search(codes, labels, grid, seed)`, fitted to the codes of the autoencoder.
- `reader`: `build(classes, dropout)`, which takes rows of `fingerspell.hands.embedding` instead of pixels.

Every network but a reader takes pixels as they are stored, values 0–255, of shape (batch, image_size, image_size,
channels), and all answer probabilities of shape (batch, classes). What range a backbone expects is its own affair and
applied inside it. Keras is imported inside the functions: it takes seconds, and the registry is read without it.
"""
