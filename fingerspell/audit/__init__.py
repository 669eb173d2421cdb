"""What an archive holds: one look at every image, near-duplicates, findings, and sheets that show them."""
