{{/* A service: everything that its chart renders. */}}
{{- define "kokemus.service" -}}
{{- include "kokemus.service.account" . }}
{{- range $role, $workload := .Values.workloads }}
{{- if $workload.enabled }}
{{- $scope := dict "root" $ "role" $role "workload" $workload }}
{{- include "kokemus.check" $scope }}
{{- include "kokemus.deployment" $scope }}
{{- include "kokemus.ports" $scope }}
{{- include "kokemus.disruption" $scope }}
{{- include "kokemus.scaling" $scope }}
{{- include "kokemus.claim" $scope }}
{{- include "kokemus.network" $scope }}
{{- end }}
{{- end }}
{{- include "kokemus.exposure" . }}
{{- include "kokemus.monitoring" . }}
{{- if .Values.database.secret }}
{{- include "kokemus.migration" . }}
{{- end }}
{{- end }}

{{- define "kokemus.service.account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "kokemus.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "kokemus.labels" (dict "root" . "role" "service") | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{/* Values that contradict each other fail here, naming what to change. */}}
{{- define "kokemus.check" -}}
{{- $at := printf "workloads.%s" .role -}}
{{- $network := .root.Values.global.network -}}
{{- $settings := merge (dict) .workload.settings .root.Values.settings -}}
{{- $needs := dict
  "vendors" (eq .role "poller")
  "identityProvider" (hasKey $settings "KOKEMUS_OIDC_ISSUER")
  "smtp" (hasKey $settings "KOKEMUS_MAIL_HOST")
  "objectStore" (hasPrefix "s3://" (get $settings "KOKEMUS_ARCHIVE_URL" | default ""))
  "otlp" (ne .root.Values.global.telemetry.otlpEndpoint "")
-}}
{{- range $peer, $needed := $needs }}
{{- if and $network.enabled $needed (or (has $peer $.workload.reaches) (eq $peer "otlp")) (not (get $network $peer).peers) }}
{{- fail (printf "global.network.%s.peers: %s of %s has to reach it; name whom, or it is denied" $peer $at $.root.Chart.Name) }}
{{- end }}
{{- end }}
{{- if and (eq .role "archive") .workload.persistence.enabled (gt (int .workload.replicas) 1) }}
{{- fail (printf "%s.replicas: one volume serves one pod; keep the archive in a store that speaks S3 to run more" $at) }}
{{- end }}
{{- if and (eq .role "archive") (not .workload.persistence.enabled) (not (hasKey $settings "KOKEMUS_ARCHIVE_URL")) }}
{{- fail (printf "%s.persistence.enabled: without a volume the archive needs KOKEMUS_ARCHIVE_URL in settings" $at) }}
{{- end }}
{{- if le (int .workload.stopSeconds) (int .workload.drainSeconds) }}
{{- fail (printf "%s.stopSeconds: it must be longer than drainSeconds" $at) }}
{{- end }}
{{- end }}

{{- define "kokemus.deployment" }}
{{- $single := or (eq .role "poller") (and (eq .role "archive") .workload.persistence.enabled) }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .workload) }}
  replicas: {{ .workload.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    {{- if $single }}
    type: Recreate
    {{- else }}
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
    {{- end }}
  selector:
    matchLabels:
      {{- include "kokemus.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "kokemus.labels" . | nindent 8 }}
      {{- with .workload.annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "kokemus.pod" . | nindent 6 }}
{{- end }}

{{/* The HTTP workload's address; the others have one for Prometheus only. */}}
{{- define "kokemus.ports" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  {{- if ne .role "http" }}
  clusterIP: None
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    {{- include "kokemus.selector" . | nindent 4 }}
  ports:
    {{- if eq .role "http" }}
    - {name: http, port: 80, targetPort: http, protocol: TCP}
    {{- end }}
    - {name: metrics, port: 9000, targetPort: metrics, protocol: TCP}
{{- end }}

{{- define "kokemus.claim" }}
{{- if eq .role "archive" }}
{{- $kept := .workload.persistence }}
{{- if and $kept.enabled (not $kept.existingClaim) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
  annotations:
    # The archive is what any figure is counted again from: it outlives the release.
    helm.sh/resource-policy: keep
spec:
  accessModes: [ReadWriteOnce]
  {{- with $kept.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests: {storage: {{ $kept.size }}}
{{- end }}
{{- end }}
{{- end }}
