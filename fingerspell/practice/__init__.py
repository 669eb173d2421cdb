"""Practising signs: what is wrong with a signed letter, said in words from the hand's landmarks."""
