{{/* The way in from outside: by an Ingress, by the Gateway API, or not at all. */}}
{{- define "kokemus.exposure" }}
{{- $scope := dict "root" . "role" "http" }}
{{- with .Values.ingress }}
{{- if .enabled }}
{{- if not .host }}
{{- fail (printf "%s.ingress.host: an Ingress without a host would take every name" $.Chart.Name) }}
{{- end }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "kokemus.metadata" $scope | nindent 2 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- if .tlsSecret }}
  tls:
    - hosts: [{{ .host | quote }}]
      secretName: {{ .tlsSecret }}
  {{- end }}
  rules:
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ . | quote }}
            pathType: Prefix
            backend: {service: {name: {{ include "kokemus.name" $ }}, port: {name: http}}}
          {{- end }}
{{- end }}
{{- end }}
{{- with .Values.gateway }}
{{- if .enabled }}
{{- if not (and .parents .hostnames) }}
{{- fail (printf "%s.gateway: parents and hostnames say which Gateway takes which names" $.Chart.Name) }}
{{- end }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "kokemus.metadata" $scope | nindent 2 }}
spec:
  parentRefs:
    {{- toYaml .parents | nindent 4 }}
  hostnames:
    {{- toYaml .hostnames | nindent 4 }}
  rules:
    - matches:
        {{- range .paths }}
        - path: {type: PathPrefix, value: {{ . | quote }}}
        {{- end }}
      backendRefs:
        - {name: {{ include "kokemus.name" $ }}, port: 80}
{{- end }}
{{- end }}
{{- end }}
