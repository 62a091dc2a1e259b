"""The command line: `python -m ingest_feedback.main serve`."""

from ingest_feedback.app import SERVICE, create
from kokemus import command_line

commands = command_line.ingest_service(SERVICE, create)


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
