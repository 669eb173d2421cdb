"""Which images are trained on, which choose between trainings, which are kept for the end; and what leaks."""
