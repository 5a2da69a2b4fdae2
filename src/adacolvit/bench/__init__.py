"""``adacolvit bench``: what one click costs in this engine and in others, measured in one run."""
