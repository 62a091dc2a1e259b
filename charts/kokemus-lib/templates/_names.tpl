{{/* A service's name in this release: of its Service, and the stem of all its workloads. */}}
{{- define "kokemus.name" -}}
{{ .Release.Name }}-{{ .Chart.Name }}
{{- end }}

{{/* A workload's name: the HTTP one has the service's own. Takes root and role. */}}
{{- define "kokemus.workload.name" -}}
{{ include "kokemus.name" .root }}{{ if ne .role "http" }}-{{ .role }}{{ end }}
{{- end }}

{{/* Labels that never change while a workload lives. Takes root and role. */}}
{{- define "kokemus.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "kokemus.labels" -}}
{{ include "kokemus.selector" . }}
app.kubernetes.io/part-of: kokemus
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "kokemus.metadata" -}}
name: {{ include "kokemus.workload.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "kokemus.labels" . | nindent 2 }}
{{- end }}

{{/* The image of a service: by digest where one is told, else by a tag that names one build. */}}
{{- define "kokemus.image" -}}
{{- $image := .Values.global.image -}}
{{- $name := printf "%s/%s" $image.registry (.Values.image.repository | default .Chart.Name) -}}
{{- $tag := $image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{ $name }}@{{ .Values.image.digest }}
{{- else if eq $tag "latest" -}}
{{- fail "global.image.tag: latest does not say what runs; name a version or set image.digest" -}}
{{- else -}}
{{ $name }}:{{ $tag }}
{{- end -}}
{{- end }}
