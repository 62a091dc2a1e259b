"""`./kokemus bench`: runs the repository's benchmarks and shows what is required beside each."""

import importlib
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from kokemus_platform import running
from kokemus_platform.home import REPOSITORY
from kokemus_platform.measuring import Measured, table_of
from kokemus_platform.processes import PartFailedError

BENCHMARKS: Final = REPOSITORY / "tests" / "benchmarks"

commands = typer.Typer(
    name="bench",
    help="Measure speed and memory against what is required, on parts of its own; nothing fails "
    "for being slow. Needs a Java for Apache Kafka. Without a command: all but the desk, which "
    "needs a running platform, and the soak.",
    invoke_without_command=True,
)

Rounds = Annotated[int, typer.Option(min=1, help="Of each kind, alternating; medians are shown.")]
Rate = Annotated[float, typer.Option(min=1, help="Presses a second.")]


@commands.callback()
def all_command(context: typer.Context) -> None:
    """Run what is named, or all but the desk and the soak."""
    if context.invoked_subcommand is None:
        for name in (
            "counting",
            "http_ingest",
            "freshness",
            "reading",
            "disclosure",
            "public_pages",
        ):
            run(name)


@commands.command("counting")
def counting_command(
    *,
    count: Annotated[int, typer.Option("--events", min=1_000, help="On the topic.")] = 2_000_000,
    rounds: Rounds = 3,
    consumers: Annotated[
        list[int] | None, typer.Option(min=1, help="How many; repeatable. 1, 2 and 4 if not said.")
    ] = None,
    seen: Annotated[
        int, typer.Option(min=0, help="Ids already seen in one more case; 0: no such case.")
    ] = 20_000_000,
) -> None:
    """From topic to committed figures, beside plain consumption of the same topic."""
    run("counting", count=count, rounds=rounds, consumers=consumers or (1, 2, 4), seen=seen)


@commands.command("ingest")
def ingest_command(
    *,
    count: Annotated[int, typer.Option("--events", min=1_000, help="A round.")] = 300_000,
    rounds: Rounds = 5,
) -> None:
    """HTTP in batches of 100, beside the producer alone."""
    run("http_ingest", count=count, rounds=rounds)


@commands.command("freshness")
def freshness_command(
    *,
    rate: Rate = 1_000,
    seconds: Annotated[float, typer.Option(min=1, help="For which presses come.")] = 60,
) -> None:
    """From a press to the changed figure, and the cost of an unchanged answer."""
    run("freshness", rate=rate, seconds=seconds)


@commands.command("reading")
def reading_command() -> None:
    """Every metric of a city with 2,000 units over five years."""
    run("reading")


@commands.command("disclosure")
def disclosure_command() -> None:
    """Hiding what gives persons away in a release of 2,000 units, and beside the optimum."""
    run("disclosure")


@commands.command("pages")
def pages_command(
    *,
    seconds: Annotated[float, typer.Option(min=1, help="For which pages are read.")] = 30,
) -> None:
    """Readers of public pages a second, while releases change."""
    run("public_pages", seconds=seconds)


@commands.command("desk")
def desk_command(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often each page is opened.")] = 20,
) -> None:
    """The desk's pages on the platform that runs, best with the demo: ./kokemus up --demo."""
    found = running.status()
    run("desk_pages", desk=(found["services"]["reporting"], found["desk"]), rounds=rounds)


@commands.command("soak")
def soak_command(
    *,
    rate: Rate = 1_000,
    minutes: Annotated[float, typer.Option(min=0.1, help="For which presses come.")] = 30,
) -> None:
    """The memory of ingest and of the consumer, and whether it grows."""
    run("soak", rate=rate, minutes=minutes)


def run(name: str, **options: Any) -> None:
    """Run one benchmark and print its results.

    Raises:
        typer.Exit: code 1, the benchmarks are not here, or a part that they need does not start.
    """
    if not BENCHMARKS.is_dir():
        typer.echo(
            "The benchmarks stand in the repository's tests/, which is not here: "
            "run ./kokemus bench in a checkout.",
            err=True,
        )
        raise typer.Exit(1)
    if str(BENCHMARKS.parent) not in sys.path:
        sys.path.insert(0, str(BENCHMARKS.parent))
    module = importlib.import_module(f"benchmarks.{name}")
    try:
        measured: list[Measured] = module.run(**options)
    except PartFailedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    Console().print(table_of(name, measured))
