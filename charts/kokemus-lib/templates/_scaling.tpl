{{/* Whether a workload can have more than one pod. Takes root, role and workload. */}}
{{- define "kokemus.many" -}}
{{- if or (gt (int .workload.replicas) 1) (dig "autoscaling" "enabled" false .workload) -}}
yes
{{- end -}}
{{- end }}

{{- define "kokemus.disruption" }}
{{- if include "kokemus.many" . }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "kokemus.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "kokemus.scaling" }}
{{- if dig "autoscaling" "enabled" false .workload }}
{{- $scaling := .workload.autoscaling }}
{{- if gt (int $scaling.min) (int $scaling.max) }}
{{- fail (printf "workloads.%s.autoscaling: min is above max" .role) }}
{{- end }}
{{- if eq .role "consumer" }}
{{- include "kokemus.scaling.lag" . }}
{{- else }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "kokemus.workload.name" . }}}
  minReplicas: {{ $scaling.min }}
  maxReplicas: {{ $scaling.max }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $scaling.cpuPercent }}}
{{- end }}
{{- end }}
{{- end }}

{{/* By the records that wait. A pod without a partition would have nothing to do. */}}
{{- define "kokemus.scaling.lag" }}
{{- $scaling := .workload.autoscaling }}
{{- $global := .root.Values.global }}
{{- $partitions := 1 }}
{{- range include "kokemus.topics" .root | fromYamlArray }}
{{- if has $.root.Chart.Name .consumers }}
{{- $partitions = max $partitions .partitions }}
{{- end }}
{{- end }}
{{- if gt (int $scaling.max) (int $partitions) }}
{{- fail (printf "workloads.%s.autoscaling.max: %v pods, but no topic has more than %v partitions" .role $scaling.max $partitions) }}
{{- end }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {name: {{ include "kokemus.workload.name" . }}}
  minReplicaCount: {{ $scaling.min }}
  maxReplicaCount: {{ $scaling.max }}
  pollingInterval: 15
  cooldownPeriod: {{ $scaling.cooldownSeconds }}
  triggers:
    - type: kafka
      metadata:
        bootstrapServers: {{ $global.kafka.bootstrap | quote }}
        consumerGroup: {{ $global.city.topicPrefix }}metrics
        lagThreshold: {{ $scaling.lag | quote }}
        offsetResetPolicy: earliest
        allowIdleConsumers: "false"
{{- end }}
