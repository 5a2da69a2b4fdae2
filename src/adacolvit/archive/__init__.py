"""Archives that outgrow one machine: folders and object storage, colored by many workers."""
