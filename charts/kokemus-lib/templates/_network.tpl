{{/* What a workload may reach and who may reach it; everything else is denied. */}}
{{- define "kokemus.network" }}
{{- $network := .root.Values.global.network }}
{{- if $network.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "kokemus.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "kokemus.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- include "kokemus.network.ingress" . | trim | nindent 4 }}
  egress:
    {{- include "kokemus.network.egress" . | trim | nindent 4 }}
{{- end }}
{{- end }}

{{- define "kokemus.network.ingress" -}}
{{- $network := .root.Values.global.network -}}
{{- $rules := list -}}
{{- $peers := list -}}
{{- if eq .role "http" }}
{{- $peers = $network.clients.peers }}
{{- range .workload.reachedBy }}
{{- $peers = append $peers (dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" . "app.kubernetes.io/instance" $.root.Release.Name))) }}
{{- end }}
{{- end }}
{{- with $peers }}
{{- $rules = append $rules (dict "from" . "ports" (list (dict "protocol" "TCP" "port" 8000))) }}
{{- end }}
{{- if and $network.monitoring.peers (ne .role "migration") }}
{{- $rules = append $rules (dict "from" $network.monitoring.peers "ports" (list (dict "protocol" "TCP" "port" 9000))) }}
{{- end }}
{{- toYaml $rules }}
{{- end }}

{{- define "kokemus.network.egress" -}}
{{- $network := .root.Values.global.network -}}
{{- if not (and $network.dns.peers $network.dns.ports) }}
{{- fail "global.network.dns: without peers or ports everything would be open" }}
{{- end }}
{{- $rules := list (dict "to" $network.dns.peers "ports" (include "kokemus.network.dns" $network.dns | fromYamlArray)) -}}
{{- $reaches := .workload.reaches -}}
{{- if .root.Values.global.telemetry.otlpEndpoint }}
{{- $reaches = append $reaches "otlp" }}
{{- end }}
{{- range $reaches }}
{{- $peers := list (dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" . "app.kubernetes.io/instance" $.root.Release.Name "app.kubernetes.io/component" "http"))) }}
{{- $ports := list 8000 }}
{{- if hasKey $network . }}
{{- $peers = (get $network .).peers }}
{{- $ports = (get $network .).ports }}
{{- end }}
{{- if $peers }}
{{- if not $ports }}
{{- fail (printf "global.network.%s.ports: without them every port would be open" .) }}
{{- end }}
{{- $open := list }}
{{- range $ports }}
{{- $open = append $open (dict "protocol" "TCP" "port" (int .)) }}
{{- end }}
{{- $rules = append $rules (dict "to" $peers "ports" $open) }}
{{- end }}
{{- end }}
{{- toYaml $rules }}
{{- end }}

{{- define "kokemus.network.dns" -}}
{{- range .ports }}
- {protocol: UDP, port: {{ . }}}
- {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end }}
