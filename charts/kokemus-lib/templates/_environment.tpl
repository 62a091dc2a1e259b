{{/* The settings of a process of a service. Takes root, role and workload. */}}
{{- define "kokemus.environment" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
{{- $global := $values.global -}}
{{- $settings := dict
  "KOKEMUS_HTTP_HOST" "0.0.0.0"
  "KOKEMUS_HTTP_PORT" "8000"
  "KOKEMUS_METRICS_PORT" "9000"
  "KOKEMUS_KAFKA_BOOTSTRAP" $global.kafka.bootstrap
  "KOKEMUS_TOPIC_PREFIX" $global.city.topicPrefix
  "KOKEMUS_TIME_ZONE" $global.city.timeZone
  "KOKEMUS_ROOT_ENTITY" $global.city.rootEntity
-}}
{{- if $global.telemetry.otlpEndpoint }}
{{- $_ := set $settings "OTEL_EXPORTER_OTLP_ENDPOINT" $global.telemetry.otlpEndpoint }}
{{- end }}
{{- if eq .root.Chart.Name "reporting" }}
{{- $_ := set $settings "KOKEMUS_METRICS_URL" (printf "http://%s-metrics" .root.Release.Name) }}
{{- $_ := set $settings "KOKEMUS_FEEDBACK_URL" (printf "http://%s-ingest-feedback" .root.Release.Name) }}
{{- end }}
{{- if eq .role "archive" }}
{{- $_ := set $settings "KOKEMUS_ARCHIVE_URL" "/var/lib/kokemus/archive" }}
{{- end }}
{{- range $name, $file := include "kokemus.files" . | fromYaml }}
{{- $_ := set $settings $name $file.path }}
{{- end }}
{{- range list $values.settings .workload.settings }}
{{- range $name, $value := . }}
{{- $_ := set $settings $name $value }}
{{- end }}
{{- end }}
- name: HOME
  value: /tmp
{{- range $name, $value := $settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $secret := $values.secretVariables }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $secret.name }}, key: {{ $secret.key }}}}
{{- end }}
{{- if $values.database.secret }}
{{- include "kokemus.environment.database" $root | trim | nindent 0 }}
{{- end }}
{{- end }}

{{/* The database's address, put together by the kubelet: user and password are in no manifest. */}}
{{- define "kokemus.environment.database" -}}
{{- $database := .Values.global.database -}}
{{- range list "username" "password" }}
- name: DATABASE_{{ . | upper }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.database.secret }}, key: {{ . }}}}
{{- end }}
- name: KOKEMUS_DATABASE_URL
  value: postgresql+psycopg://$(DATABASE_USERNAME):$(DATABASE_PASSWORD)@{{ $database.host }}:{{ $database.port }}/{{ $database.name }}?sslmode={{ $database.sslMode }}
{{- end }}

{{/* The files of a workload, by the setting that names each: kind, name, key and path. */}}
{{- define "kokemus.files" -}}
{{- $global := .root.Values.global -}}
{{- $secrets := merge (dict) .workload.secretFiles .root.Values.secretFiles -}}
{{- $configs := merge (dict) .workload.configFiles .root.Values.configFiles -}}
{{- if .workload.keys }}
{{- $_ := set $secrets "KOKEMUS_KEYS_FILE" (dict "name" $global.keysSecret "key" "keys.json") }}
{{- if $global.city.codesConfigMap }}
{{- $_ := set $configs "KOKEMUS_CODES_FILE" (dict "name" $global.city.codesConfigMap "key" "codes.csv") }}
{{- end }}
{{- end }}
{{- range $kind, $files := dict "secret" $secrets "config" $configs }}
{{- range $setting, $file := $files }}
{{ $setting }}: {kind: {{ $kind }}, name: {{ $file.name }}, key: {{ $file.key }}, path: /etc/kokemus/{{ $kind }}/{{ $file.name }}/{{ $file.key }}}
{{- end }}
{{- end }}
{{- end }}

{{/* What is mounted, by kind and name: a whole Secret once, with just the keys that are used. */}}
{{- define "kokemus.mounts" -}}
{{- $mounts := dict -}}
{{- range $setting, $file := include "kokemus.files" . | fromYaml }}
{{- $mount := printf "%s-%s" $file.kind $file.name }}
{{- $known := get $mounts $mount | default (dict "kind" $file.kind "name" $file.name "keys" list) }}
{{- $_ := set $known "keys" (append $known.keys $file.key | uniq | sortAlpha) }}
{{- $_ := set $mounts $mount $known }}
{{- end }}
{{- toYaml $mounts }}
{{- end }}
