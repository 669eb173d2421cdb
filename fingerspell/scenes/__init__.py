"""Training images that are composed: hands, drawn or cut out of photographs, set into other scenes."""
