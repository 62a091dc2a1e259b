"""`python -m reporting.attacker FILE...`: attacks releases together; exit 1 where a count falls."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from reporting.attacker.bounding import Impossible
from reporting.attacker.releases import attack_together

program = typer.Typer(pretty_exceptions_enable=False)


@program.command()
def run(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Releases as /v1/releases/{id} gives them, the newest last.", exists=True
        ),
    ],
    *,
    exact: Annotated[bool, typer.Option(help="Bound every hidden count to the last.")] = False,
) -> None:
    """Bound every hidden count of releases from all that they publish together."""
    try:
        verdict = attack_together([file.read_bytes() for file in files], exact=exact)
    except (msgspec.MsgspecError, ValueError, Impossible) as error:
        typer.echo(f"attacker: {error}", err=True)
        raise typer.Exit(2) from None
    for one in verdict.told:
        if one.falls or exact:
            most = "…" if one.highest is None else one.highest
            typer.echo(f"{'FALLS' if one.falls else 'holds'}  {one.cell.id}  {one.lowest}..{most}")
    for mean in verdict.means:
        typer.echo(f"FALLS  {mean.id}  {mean.low:.2f}..{mean.high:.2f}")
    fallen = len(verdict.fallen)
    typer.echo(f"{len(verdict.told)} hidden counts attacked, {fallen} fall")
    raise typer.Exit(1 if fallen else 0)


if __name__ == "__main__":
    program()
