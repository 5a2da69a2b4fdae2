"""The networks. ``config``, ``cost`` and ``positions`` need no torch; ``layers`` and ``network`` do."""
