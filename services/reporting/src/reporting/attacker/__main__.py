"""`python -m reporting.attacker FILE...`: attacks releases together; exit 1 where a count falls."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reporting.attacker.bounding import Impossible, attack
from reporting.attacker.published import Release, joined

program = typer.Typer(pretty_exceptions_enable=False)


@program.command()
def run(
    files: Annotated[
        list[Path], typer.Argument(help="Releases as JSON, the newest last.", exists=True)
    ],
    *,
    exact: Annotated[bool, typer.Option(help="Bound every hidden count to the last.")] = False,
) -> None:
    """Bound every hidden count of releases from all that they publish together."""
    try:
        releases = [msgspec.json.decode(file.read_bytes(), type=Release) for file in files]
        told = attack(joined(releases), exact=exact)
    except (msgspec.MsgspecError, ValueError, Impossible) as error:
        typer.echo(f"attacker: {error}", err=True)
        raise typer.Exit(2) from None
    fallen = [one for one in told if one.falls]
    for one in told if exact else fallen:
        word = "FALLS" if one.falls else "holds"
        most = "…" if one.highest is None else one.highest
        typer.echo(f"{word}  {one.cell.id}  {one.lowest}..{most}")
    typer.echo(f"{len(told)} hidden counts attacked, {len(fallen)} fall")
    raise typer.Exit(1 if fallen else 0)


if __name__ == "__main__":
    program()
