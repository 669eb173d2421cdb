"""Recognise the letters of sign-language alphabets in pictures."""
