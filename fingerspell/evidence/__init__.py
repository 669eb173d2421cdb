"""What trained models are asked beside their own test images, and what that shows."""
