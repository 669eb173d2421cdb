"""Pictures of results: every function returns a matplotlib figure, and `style.save` writes it."""
