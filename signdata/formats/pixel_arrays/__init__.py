"""What formats that keep pictures in named arrays have in common."""
