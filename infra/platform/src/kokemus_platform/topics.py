"""Brings a cluster's topics to their declarations, and refuses whatever would lose data.

`compare` decides and touches nothing; `plan` and `apply` talk to the broker, any that speaks the
Kafka protocol. Topics that nobody declared are never looked at.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import typer
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import IncompatibleBrokerVersion, KafkaError
from rich.console import Console
from rich.table import Table

from kokemus.contracts.topics import Declaration, declarations
from kokemus_platform import running

TIMEOUT_MS: Final = 30_000
"""Longer than a controller election: a cluster that does not answer by then is away."""

UNLIMITED_WIDTH: Final = 1000
"""Columns: longer than any row of ours, so that no name is cut or wrapped."""

UNKNOWN_TOPIC: Final = 3
"""Kafka's error code UNKNOWN_TOPIC_OR_PARTITION."""


@dataclass(frozen=True)
class Found:
    """A topic as the cluster has it. `config` holds at least the settings that it reports."""

    partitions: int
    replicas: int
    config: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """One way in which a topic is not as declared. Applied as it stands unless `refusal` is set."""

    topic: str
    what: Literal["create", "recreate", "partitions", "replicas", "config"]
    setting: str
    """The configuration's key, or what is counted."""
    have: str
    want: str
    refusal: str | None = None
    """Why `apply` leaves it alone, and what to do instead."""


class Incomplete(Exception):  # noqa: N818 - what the cluster did, not what we did wrong
    """The cluster did not carry out a change that it was asked for."""


def compare(
    name: str,
    declared: Declaration,
    found: Found | None,
    brokers: int,
    *,
    accept_data_loss: bool = False,
) -> list[Difference]:
    """What would have to change for the topic `name` to be as `declared` on so many brokers.

    A change that can lose records carries a refusal unless `accept_data_loss`. Replicas are never
    moved, and `min.insync.replicas` follows those that a topic has: with more, nobody could write.
    """
    replicas = min(3, brokers)
    if found is None:
        want = f"{declared.partitions} x {replicas}"
        return [Difference(name, "create", "partitions x replicas", "none", want)]
    count = _partitions(name, declared, found)
    if count and count.what == "recreate" and accept_data_loss:
        return [count]
    differences = []
    if count:
        differences.append(_refused(count) if count.what == "recreate" else count)
    if found.replicas != replicas:
        differences.append(
            Difference(
                name,
                "replicas",
                "replicas",
                str(found.replicas),
                str(replicas),
                "moving replicas is the cluster's work: use kafka-reassign-partitions or Cruise "
                "Control, then apply again",
            )
        )
    for setting, want in declared.config(min(found.replicas, brokers)).items():
        have = found.config.get(setting, "")
        if have != want:
            change = Difference(name, "config", setting, have or "unset", want)
            loses = not accept_data_loss and _loses_records(setting, have, want)
            differences.append(_refused(change) if loses else change)
    return differences


def _partitions(name: str, declared: Declaration, found: Found) -> Difference | None:
    """The change of the partition count: an addition, or a recreation where none is possible."""
    if found.partitions == declared.partitions:
        return None
    grows = found.partitions < declared.partitions and declared.cleanup == "delete"
    return Difference(
        name,
        "partitions" if grows else "recreate",
        "partitions",
        str(found.partitions),
        str(declared.partitions),
    )


def _loses_records(setting: str, have: str, want: str) -> bool:
    """Whether the broker may drop records under the new value that it keeps under the old one."""
    if setting == "retention.ms":
        kept = float("inf") if have == "-1" else float(have or 0)
        return want != "-1" and float(want) < kept
    if setting == "cleanup.policy":
        return bool(have) and not set(want.split(",")) <= set(have.split(","))
    return False


def _refused(change: Difference) -> Difference:
    if change.what == "recreate":
        reason = (
            "the number of partitions of this topic can change only by deleting it with all its "
            "records"
        )
        instead = f"declare {change.have} partitions"
    else:
        reason = f"{change.setting} {change.want} would delete records that are kept now"
        instead = f"declare {change.have}"
    return Difference(
        change.topic,
        change.what,
        change.setting,
        change.have,
        change.want,
        f"{reason}: {instead}, or say --accept-data-loss {change.topic}",
    )


@contextmanager
def admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """An administration client for the cluster, closed at the end.

    Raises:
        KafkaError: no broker answers.
    """
    client = KafkaAdminClient(
        bootstrap_servers=bootstrap,
        client_id="kokemus-topics",
        request_timeout_ms=TIMEOUT_MS,
        bootstrap_timeout_ms=10_000,
    )
    try:
        yield client
    finally:
        client.close()


def full_names(prefix: str) -> dict[str, Declaration]:
    """Every declaration by the name of its topic on a cluster."""
    return {prefix + name: declared for name, declared in declarations().items()}


def plan(
    bootstrap: str,
    prefix: str,
    brokers: int | None = None,
    accept_data_loss: Collection[str] = (),
) -> list[Difference]:
    """What `apply` would do and what it would refuse; changes nothing.

    Args:
        bootstrap: `host:port` of one or more brokers.
        prefix: stands before every declared name, such as `kokemus.`.
        brokers: plan for so many brokers; None: as many as the cluster has.
        accept_data_loss: full names of topics whose records may be lost.

    Raises:
        KafkaError: the cluster is away or answers with an error.
    """
    with admin(bootstrap) as client:
        return _plan(client, prefix, brokers, accept_data_loss)


def apply(
    bootstrap: str,
    prefix: str,
    brokers: int | None = None,
    accept_data_loss: Collection[str] = (),
) -> list[Difference]:
    """Makes every change that is not refused and returns the plan it went by. Idempotent.

    Raises:
        KafkaError: the cluster is away or answers with an error; apply again.
        Incomplete: the cluster will not do one of the changes, or not in time.
    """
    with admin(bootstrap) as client:
        brokers = brokers or _brokers(client)
        differences = _plan(client, prefix, brokers, accept_data_loss)
        todo = [difference for difference in differences if difference.refusal is None]
        declared = full_names(prefix)
        recreated = [change.topic for change in todo if change.what == "recreate"]
        if recreated:
            _delete(client, recreated)
        missing = recreated + [change.topic for change in todo if change.what == "create"]
        if missing:
            _create(client, {name: declared[name] for name in missing}, brokers)
        _add_partitions(client, [change for change in todo if change.what == "partitions"])
        _configure(client, [change for change in todo if change.what == "config"])
        if todo:
            _wait_until_seen(client, prefix, brokers, accept_data_loss)
        return differences


def _wait_until_seen(
    client: KafkaAdminClient, prefix: str, brokers: int, accept_data_loss: Collection[str]
) -> None:
    """Waits until the brokers show what the controller has accepted: they learn of it later."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while left := [
        difference
        for difference in _plan(client, prefix, brokers, accept_data_loss)
        if difference.refusal is None
    ]:
        if time.monotonic() > deadline:
            names = ", ".join(f"{change.topic} {change.setting}" for change in left)
            raise Incomplete(f"accepted, but still not so after {TIMEOUT_MS // 1000} s: {names}")
        time.sleep(0.05)


def _plan(
    client: KafkaAdminClient,
    prefix: str,
    brokers: int | None,
    accept_data_loss: Collection[str],
) -> list[Difference]:
    brokers = brokers or _brokers(client)
    declared = full_names(prefix)
    found = _found(client, list(declared))
    return [
        difference
        for name, declaration in declared.items()
        for difference in compare(
            name,
            declaration,
            found.get(name),
            brokers,
            accept_data_loss=name in accept_data_loss,
        )
    ]


def _brokers(client: KafkaAdminClient) -> int:
    return len(client.describe_cluster()["brokers"])


def _found(client: KafkaAdminClient, names: list[str]) -> dict[str, Found]:
    known: dict[str, list[Any]] = {}
    for topic in client.describe_topics(names):
        if topic["error_code"] == UNKNOWN_TOPIC:
            continue
        if topic["error_code"]:
            raise KafkaError(f"topic {topic['name']}: Kafka's error code {topic['error_code']}")
        known[topic["name"]] = topic["partitions"]
    if not known:
        return {}
    # Without names of settings: the embedded broker drops the connection when it is given some.
    described = client.describe_configs(
        [ConfigResource("topic", name) for name in known], config_filter="all"
    )["topic"]
    return {
        name: Found(
            partitions=len(partitions),
            replicas=min(len(partition["replica_nodes"]) for partition in partitions),
            config={key: entry["value"] for key, entry in described.get(name, {}).items()},
        )
        for name, partitions in known.items()
    }


def _delete(client: KafkaAdminClient, names: list[str]) -> None:
    """Deletes topics and waits until they are gone: Kafka answers before it is done."""
    client.delete_topics(names)
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while any(topic["error_code"] != UNKNOWN_TOPIC for topic in client.describe_topics(names)):
        if time.monotonic() > deadline:
            raise Incomplete(f"still being deleted, apply again later: {', '.join(names)}")
        time.sleep(0.1)


def _create(client: KafkaAdminClient, missing: Mapping[str, Declaration], brokers: int) -> None:
    client.create_topics(
        {
            name: {
                "num_partitions": declared.partitions,
                "replication_factor": min(3, brokers),
                "configs": declared.config(brokers),
            }
            for name, declared in missing.items()
        },
        wait_for_metadata=True,
    )


def _add_partitions(client: KafkaAdminClient, changes: list[Difference]) -> None:
    if not changes:
        return
    try:
        client.create_partitions({change.topic: int(change.want) for change in changes})
    except IncompatibleBrokerVersion:
        names = ", ".join(change.topic for change in changes)
        raise Incomplete(
            f"this broker cannot add partitions (the embedded one never can): {names}"
        ) from None


def _configure(client: KafkaAdminClient, changes: list[Difference]) -> None:
    settings: dict[str, dict[str, str]] = {}
    for change in changes:
        settings.setdefault(change.topic, {})[change.setting] = change.want
    if not settings:
        return
    answers = client.alter_configs(
        [ConfigResource("topic", name, values) for name, values in settings.items()],
        raise_on_unknown=False,
    )["topic"]
    failed = {name: answer for name, answer in answers.items() if answer != "OK"}
    if failed:
        raise Incomplete("; ".join(f"{name}: {answer}" for name, answer in failed.items()))


commands = typer.Typer(
    name="topics",
    help="Bring a cluster's topics to their declarations.",
    no_args_is_help=True,
)

Bootstrap = Annotated[
    str | None,
    typer.Option(
        envvar="KOKEMUS_KAFKA_BOOTSTRAP",
        help="host:port of the cluster; without it, the running platform's.",
        show_default=False,
    ),
]
Prefix = Annotated[
    str, typer.Option(envvar="KOKEMUS_TOPIC_PREFIX", help="Stands before every topic's name.")
]
AcceptDataLoss = Annotated[
    list[str] | None,
    typer.Option(metavar="TOPIC", help="Let this topic lose records; its full name; repeatable."),
]


@commands.command("plan")
def plan_command(
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    accept_data_loss: AcceptDataLoss = None,
) -> None:
    """Show what apply would change, and what it would refuse."""
    with _reported(prefix, accept_data_loss):
        _show(plan(bootstrap or running.bootstrap(), prefix, None, accept_data_loss or ()), "plan")


@commands.command("apply")
def apply_command(
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    accept_data_loss: AcceptDataLoss = None,
) -> None:
    """Create and change topics to be as declared; refuse whatever would lose data (exit 1)."""
    with _reported(prefix, accept_data_loss):
        differences = apply(bootstrap or running.bootstrap(), prefix, None, accept_data_loss or ())
        _show(differences, "apply")
    if any(difference.refusal for difference in differences):
        raise typer.Exit(1)


@contextmanager
def _reported(prefix: str, accept_data_loss: list[str] | None) -> Iterator[None]:
    """Ends with one clear line instead of a traceback where the operator or the cluster erred."""
    undeclared = sorted(set(accept_data_loss or ()) - set(full_names(prefix)))
    if undeclared:
        raise typer.BadParameter(
            f"no declared topic is called {', '.join(undeclared)}",
            param_hint="--accept-data-loss",
        )
    try:
        yield
    except (KafkaError, Incomplete) as error:
        typer.echo(f"topics: {error}", err=True)
        raise typer.Exit(1) from None


def print_table(table: Table) -> None:
    """Prints a table in the terminal's width, or in whole lines where another program reads it."""
    console = Console()
    if not console.is_terminal:
        console.width = UNLIMITED_WIDTH
    console.print(table)


def _show(differences: list[Difference], command: Literal["plan", "apply"]) -> None:
    if not differences:
        typer.echo("All topics are as declared.")
        return
    table = Table("topic", "change", "from", "to", box=None)
    for change in differences:
        if change.refusal is None:
            what = f"{change.what} {change.setting}"
            table.add_row(change.topic, what, change.have, change.want)
    if table.row_count:
        typer.echo("Would change:" if command == "plan" else "Changed:")
        print_table(table)
    for change in differences:
        if change.refusal is not None:
            typer.echo(
                f"REFUSED {change.topic}: {change.setting} {change.have} -> {change.want}: "
                f"{change.refusal}",
                err=True,
            )
