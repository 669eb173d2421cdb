"""Other people's photographs as a test set of any model, and the analysis of its errors on them."""
