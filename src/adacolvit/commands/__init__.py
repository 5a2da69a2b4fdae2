"""The verbs of the command line that need a file of their own: ``add_arguments(parser)`` and ``run(args)`` in each."""
