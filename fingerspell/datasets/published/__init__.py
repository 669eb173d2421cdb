"""The archives as their publishers packed them: what is in them, and how they are read."""
