"""Nothing is lost and nothing counts twice, whatever fails on the way; cell by cell."""

import os
import random
import subprocess
import threading
from pathlib import Path

from confluent_kafka import Producer
from kafka import TopicPartition
from kafka.errors import KafkaError

from kokemus.contracts import events, wire
from kokemus.contracts.topics import key_of
from kokemus_platform import topics as topic_tools
from kokemus_platform.kafka import ApacheKafka, Broker
from kokemus_platform.postgres import Postgres
from support.counting import Counting, busy_city, busy_days, misused, press, wait_until, withdrawn
from support.fault_proxy import FaultProxy

FULL = os.environ.get("KOKEMUS_TEST_FULL") == "1"
EVENTS = 100_000 if FULL else 8_000
ROUNDS = 12 if FULL else 3


def reached(counting: Counting, records: float) -> None:
    """Waits until more than so many records are counted."""
    wait_until(lambda: sum(counting.progress()) > records, 60, counting.logs)


def test_every_event_twice_and_shuffled_counts_once(counting: Counting) -> None:
    sent = busy_city(EVENTS, seed=1)
    twice = sent * 2
    random.Random(2).shuffle(twice)
    counting.start()
    counting.send(twice)
    assert counting.wait_for(len(twice))[2] == 0
    counting.assert_exact(sent)


def test_presses_corrected_again_under_other_ids_are_taken_back_once(counting: Counting) -> None:
    first, again = busy_city(EVENTS // 4, seed=20), []
    for one in first[:500]:
        if isinstance(one, events.KioskPressed):
            again += [make(one, again=id_) for make in (misused, withdrawn) for id_ in ("", ".2")]
    sent = [*first, *again]
    random.Random(21).shuffle(sent)
    counting.start(2)
    counting.send(sent)
    reached(counting, len(sent) / 2)
    counting.kill()
    counting.start()
    counting.wait_for(len(sent))
    counting.assert_exact(sent)


def test_a_process_killed_at_random_moments_under_load_loses_and_doubles_nothing(
    counting: Counting,
) -> None:
    sent = busy_city(EVENTS, seed=3)
    chance = random.Random(4)
    counting.start()
    sender = threading.Thread(target=counting.send, args=(sent,))
    sender.start()
    for round_ in range(ROUNDS):
        share = len(sent) * (round_ + chance.random()) / ROUNDS
        reached(counting, share * 0.9)
        counting.kill()
        counting.start()
    sender.join()
    counting.wait_for(len(sent))
    counting.assert_exact(sent)


def test_three_processes_that_come_and_go_count_each_event_once(counting: Counting) -> None:
    sent = busy_city(EVENTS, seed=5)
    counting.start(2)
    half = len(sent) // 2
    counting.send(sent[:half])
    wait_until(lambda: sum(counting.progress()) > half // 4, 60, counting.logs)
    counting.start()
    counting.send(sent[half:])
    counting.kill(0)
    counting.wait_for(len(sent))
    counting.assert_exact(sent)


def test_a_broker_restart_loses_nothing_on_apache_kafka(
    apache: Counting, apache_kafka: ApacheKafka
) -> None:
    sent = busy_city(EVENTS, seed=6)
    apache.start()
    half = len(sent) // 2
    apache.send(sent[:half])
    apache_kafka.kill()
    apache_kafka.start()
    apache.send(sent[half:])
    apache.wait_for(len(sent), 120)
    apache.assert_exact(sent)


def test_a_topic_made_anew_that_gets_everything_again_doubles_nothing(
    counting: Counting, kafka: Broker
) -> None:
    sent = busy_city(EVENTS, seed=7)
    counting.start()
    counting.send(sent)
    counting.wait_for(len(sent))
    if kafka.durable:
        with topic_tools.admin(counting.bootstrap) as client:
            client.delete_topics(counting.topics)
    else:
        kafka.restart()
    wait_until(lambda: made_anew(counting), 30)
    counting.send(sent)
    assert counting.wait_for(2 * len(sent))[1] >= len(sent)
    counting.assert_exact(sent)


def made_anew(counting: Counting) -> bool:
    """Makes the topics that are missing; not yet while the broker still deletes one."""
    try:
        topic_tools.apply(counting.bootstrap, counting.prefix)
    except (topic_tools.Incomplete, KafkaError):
        return False
    return True


def test_a_database_that_crashes_under_load_takes_counts_and_offsets_back_together(
    counting: Counting, postgres: Postgres
) -> None:
    sent = busy_city(EVENTS, seed=8)
    counting.start()
    sender = threading.Thread(target=counting.send, args=(sent,))
    sender.start()
    for round_ in range(2):
        reached(counting, len(sent) * round_ // 4)
        postgres.kill()
        postgres.start()
    sender.join()
    wait_until(lambda: sum(counting.progress()) >= len(sent), 90, counting.logs)
    counting.assert_exact(sent)


def test_a_network_cut_in_the_middle_of_a_commit_changes_no_figure(
    kafka: Broker, postgres: Postgres, topic_prefix: str, database_url: str, tmp_path: Path
) -> None:
    sent = busy_city(EVENTS, seed=9)
    chance = random.Random(10)
    with FaultProxy(postgres.port) as proxy:
        through = database_url.replace(f":{postgres.port}/", f":{proxy.port}/")
        with Counting(
            kafka.bootstrap, topic_prefix, database_url, tmp_path, consumer_database_url=through
        ) as counting:
            counting.start()
            counting.send(sent[: EVENTS // 10])
            counting.wait_for(EVENTS // 10)
            for round_ in range(2 * ROUNDS):
                if round_ % 2:
                    proxy.cut_after(chance.randrange(20, 40_000), "to_target")
                else:
                    proxy.cut_after(chance.randrange(20, 400), "to_client")
                start = EVENTS // 10 + round_ * (len(sent) - EVENTS // 10) // (2 * ROUNDS)
                end = EVENTS // 10 + (round_ + 1) * (len(sent) - EVENTS // 10) // (2 * ROUNDS)
                counting.send(sent[start:end])
            counting.wait_for(len(sent), 90)
            counting.assert_exact(sent)


def test_a_topic_replayed_from_the_start_changes_no_figure(counting: Counting) -> None:
    sent = busy_city(EVENTS, seed=11)
    counting.start()
    counting.send(sent)
    counting.wait_for(len(sent))
    counting.kill()
    with counting.connect() as connection:
        connection.execute("UPDATE partition_offsets SET next_offset = 0")
    counting.start()
    assert counting.wait_for(2 * len(sent))[1] >= len(sent)
    counting.assert_exact(sent)


def test_a_database_restored_from_a_backup_under_a_running_consumer_reads_the_rest_again(
    counting: Counting, postgres: Postgres, database_url: str, tmp_path: Path
) -> None:
    before = busy_city(EVENTS // 2, seed=12, units=20)
    after = busy_city(EVENTS // 2, seed=19, units=60)  # rows of streams that the backup lacks
    sent, half = before + after, len(before)
    counting.start()
    counting.send(sent[:half])
    counting.wait_for(half)
    backup = tmp_path / "backup.sql"
    name = database_url.rsplit("/", 1)[1]
    address = database_url.replace("+psycopg", "")
    with backup.open("wb") as out:
        subprocess.run([postgres.tool("pg_dump"), "--clean", address], stdout=out, check=True)
    counting.send(sent[half:])
    counting.wait_for(len(sent))
    with postgres.connect() as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
    subprocess.run(
        [
            postgres.tool("psql"),
            "--quiet",
            "--single-transaction",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            str(backup),
            address,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    counting.wait_for(len(sent))
    counting.assert_exact(sent)
    counting.send(sent[-500:])
    assert counting.wait_for(len(sent) + 500)[1] >= 500
    counting.assert_exact(sent)


def test_partitions_doubled_under_load_change_no_figure(apache: Counting) -> None:
    sent = busy_city(EVENTS, seed=13)
    apache.start(2)
    third = len(sent) // 3
    apache.send(sent[:third])
    with topic_tools.admin(apache.bootstrap) as client:
        client.create_partitions({topic: 2 * apache.partitions(topic) for topic in apache.topics})
    apache.send(sent[third : 2 * third])
    apache.send(sent)  # repeats land on partitions that their first ones did not
    assert apache.wait_for(len(sent) + 2 * third, 120)[1] >= 2 * third
    apache.assert_exact(sent)


def test_an_event_repeated_with_another_time_and_value_counts_as_the_first(
    counting: Counting,
) -> None:
    first = press(id="same", value=3)
    other = press(id="same", value=0, time=first.time.replace(month=7))
    foreign = press(id="same", value=1, source="another")
    counting.start()
    counting.send([first])
    counting.wait_for(1)
    counting.send([other, foreign, first])
    assert counting.wait_for(4) == (2, 2, 0)
    counting.assert_exact([first, foreign])


def test_offsets_that_transactions_use_up_hold_nothing_back(apache: Counting) -> None:
    sent = busy_city(EVENTS, seed=14)
    producer = Producer(
        {"bootstrap.servers": apache.bootstrap, "transactional.id": apache.prefix, "log_level": 0}
    )
    producer.init_transactions(30)
    apache.start()
    for start in range(0, len(sent), 50):
        producer.begin_transaction()
        for event in sent[start : start + 50]:
            producer.produce(apache.topic_of(event), wire.encode(event), key_of(event))
        producer.commit_transaction(30)
    apache.wait_for(len(sent))
    apache.assert_exact(sent)


def test_logs_that_lost_their_start_leave_recorded_gaps_and_go_on(apache: Counting) -> None:
    sent = busy_city(EVENTS // 4, seed=15)
    apache.send(sent)
    kept = {topic for topic in apache.topics if topic.endswith(("registry.v1", "sources.v1"))}
    with topic_tools.admin(apache.bootstrap) as client:
        client.delete_records(
            {
                TopicPartition(topic, number): -1
                for topic in set(apache.topics) - kept
                for number in range(apache.partitions(topic))
            }
        )
    left = [event for event in sent if apache.topic_of(event) in kept]
    late = busy_city(EVENTS // 4, seed=16)
    apache.send(late)
    apache.start()
    apache.wait_for(len(left) + len(late))
    apache.assert_exact([*left, *late])
    with apache.connect() as connection:
        row = connection.execute("SELECT sum(last_offset - first_offset + 1) FROM gaps").fetchone()
    assert row == (len(sent) - len(left),)


def test_a_database_that_is_ahead_of_the_log_stops_the_partition_and_says_so(
    apache: Counting,
) -> None:
    sent = busy_days(500, seed=17)
    apache.start()
    apache.send(sent)
    apache.wait_for(len(sent))
    with apache.connect() as connection:
        connection.execute(
            "UPDATE partition_offsets SET next_offset = next_offset + 1000 WHERE topic = %s",
            (apache.topic,),
        )
    wait_until(lambda: stops(apache) == {"log_shorter_than_database"}, 30, apache.logs)
    apache.send(busy_days(100, seed=18))
    assert apache.progress() == (len(sent), 0, 0)


def stops(counting: Counting) -> set[str]:
    with counting.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT stopped_reason FROM partition_offsets WHERE stopped_reason IS NOT NULL"
        ).fetchall()
    return {row[0] for row in rows}
