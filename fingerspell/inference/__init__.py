"""Serving: naming signs with an exported network, on LiteRT alone; nothing in here imports TensorFlow or Keras."""
