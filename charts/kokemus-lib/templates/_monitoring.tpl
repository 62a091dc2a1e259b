{{/* How Prometheus finds every workload of a service, on the port that is not published. */}}
{{- define "kokemus.monitoring" }}
{{- $telemetry := .Values.global.telemetry }}
{{- if $telemetry.serviceMonitors }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "kokemus.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "kokemus.labels" (dict "root" . "role" "service") | nindent 4 }}
    {{- with $telemetry.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
      app.kubernetes.io/instance: {{ .Release.Name }}
  targetLabels: [app.kubernetes.io/name, app.kubernetes.io/component]
  endpoints:
    - port: metrics
      interval: 15s
{{- end }}
{{- end }}
