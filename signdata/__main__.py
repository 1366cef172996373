"""``python -m signdata``."""

from signdata.cli.errors import main

main()
