"""`python -m reckon`."""

from reckon.cli.main import main

main()
