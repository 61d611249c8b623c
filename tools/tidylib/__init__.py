"""The checks of tools/tidy, one module each."""
