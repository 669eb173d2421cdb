"""The study as one HTML file: what was found, how far to trust it, and the pictures behind it."""
