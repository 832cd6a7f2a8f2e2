"""``python -m jobs``: the operators' command line."""

from jobs.cli.main import run

if __name__ == "__main__":
    run()
