"""What keeps the repository: run by hand, as `make` targets."""
