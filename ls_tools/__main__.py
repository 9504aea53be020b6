"""``python -m ls_tools`` is ``ls-tools``."""

from ls_tools.cli import main

if __name__ == "__main__":
    main()
