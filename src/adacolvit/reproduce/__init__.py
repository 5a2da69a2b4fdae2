"""The paper's tables and figures, one file each, from measurements made here; its claims beside what was found."""
