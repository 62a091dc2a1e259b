{{/* The topics as kokemus.contracts declares them; made by kokemus_platform.charts. */}}
{{- define "kokemus.topics" -}}
- name: kiosk-presses.v1
  partitions: 8
  producers:
  - ingest-kiosk
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: feedback.v1
  partitions: 4
  producers:
  - ingest-feedback
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: surveys.v1
  partitions: 4
  producers:
  - ingest-feedback
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: participation.v1
  partitions: 2
  producers:
  - ingest-feedback
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: ombudsman.v1
  partitions: 2
  producers:
  - complaints
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: complaints.v1
  partitions: 2
  producers:
  - complaints
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: reported-figures.v1
  partitions: 2
  producers:
  - ingest-feedback
  consumers:
  - metrics
  config:
    cleanup.policy: delete
    retention.ms: '2592000000'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: registry.v1
  partitions: 1
  producers:
  - ingest-kiosk
  consumers:
  - metrics
  - ingest-kiosk
  - ingest-feedback
  - complaints
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: sources.v1
  partitions: 1
  producers:
  - ingest-kiosk
  - ingest-feedback
  - complaints
  consumers:
  - metrics
  - ingest-kiosk
  - ingest-feedback
  - complaints
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: metrics-changed.v1
  partitions: 1
  producers:
  - metrics
  consumers:
  - reporting
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: releases.v1
  partitions: 1
  producers:
  - reporting
  consumers:
  - reporting
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '1048588'
- name: kiosk-presses.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: feedback.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: surveys.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: participation.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: ombudsman.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: complaints.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: reported-figures.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: registry.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
- name: sources.v1.dead
  partitions: 1
  producers:
  - metrics
  consumers:
  - kokemus
  config:
    cleanup.policy: compact
    retention.ms: '-1'
    unclean.leader.election.enable: 'false'
    max.message.bytes: '2097176'
{{- end }}
