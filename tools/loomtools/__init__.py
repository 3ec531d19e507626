"""What the scripts of tools/ share. Standard library only."""
