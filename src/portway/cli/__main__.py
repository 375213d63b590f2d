"""`python -m portway.cli`."""

from portway.cli.main import main

if __name__ == "__main__":
    main()
