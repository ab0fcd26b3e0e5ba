"""`python -m v2m` is `v2m`."""

from v2m.cli import main

if __name__ == "__main__":
    main()
