"""``python -m signdata``."""

from signdata.cli import main

main()
