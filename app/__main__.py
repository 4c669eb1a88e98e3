"""Entry point. Child processes import this module again, so nothing is imported at the top."""

import sys


def main() -> int:
    """Open the window, or run one command when words follow."""
    from multiprocessing import freeze_support

    freeze_support()
    try:
        from app.cli.main import main as run
        from app.ui.application import run_window  # imports no Qt before it is called
        from app.ui.selftest import run_selftest

        return run(sys.argv[1:], open_window=run_window, selftest=run_selftest)
    except KeyboardInterrupt:  # while these were imported, or a second one at the end
        return 130


if __name__ == "__main__":
    sys.exit(main())
