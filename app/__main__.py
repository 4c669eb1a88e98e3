"""Entry point. Child processes import this module again, so nothing is imported at the top."""

import sys


def main() -> int:
    """Open the window, or run one command when words follow."""
    from multiprocessing import freeze_support

    freeze_support()
    from app.cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
