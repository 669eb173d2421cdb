"""Hands in pictures: finding them, their landmarks, and what is cut out around them."""
