"""From the members of an archive to the arrays that the trainable part of a model consumes."""
