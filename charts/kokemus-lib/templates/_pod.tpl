{{/* The pod of a workload. Takes root, role and workload. */}}
{{- define "kokemus.pod" -}}
{{- $pods := .root.Values.global.pods -}}
{{- $mounts := include "kokemus.mounts" . | fromYaml -}}
{{- $keeps := and (eq .role "archive") .workload.persistence.enabled -}}
serviceAccountName: {{ include "kokemus.name" .root }}
{{- include "kokemus.pod.security" .root | nindent 0 }}
terminationGracePeriodSeconds: {{ .workload.stopSeconds }}
{{- with $pods.spread }}
topologySpreadConstraints:
  {{- range . }}
  - maxSkew: 1
    topologyKey: {{ .topologyKey }}
    whenUnsatisfiable: {{ .whenUnsatisfiable }}
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "kokemus.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
containers:
  - name: {{ .role }}
    {{- include "kokemus.container" .root | nindent 4 }}
    args: [{{ .workload.command }}]
    env:
      {{- include "kokemus.environment" . | trim | nindent 6 }}
    ports:
      - {name: http, containerPort: 8000}
      - {name: metrics, containerPort: 9000}
    resources:
      {{- toYaml .workload.resources | nindent 6 }}
    # Kafka and the database being away makes a pod unready; only a process that hangs is restarted.
    startupProbe:
      httpGet: {path: /health/live, port: http}
      periodSeconds: 2
      failureThreshold: 90
    readinessProbe:
      httpGet: {path: /health/ready, port: http}
      periodSeconds: 5
      timeoutSeconds: 4
      failureThreshold: 2
    livenessProbe:
      httpGet: {path: /health/live, port: http}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    {{- if .workload.drainSeconds }}
    lifecycle:
      # Others go on sending until they know that the pod leaves.
      preStop: {sleep: {seconds: {{ .workload.drainSeconds }}}}
    {{- end }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- if $keeps }}
      - {name: archive, mountPath: /var/lib/kokemus/archive}
      {{- end }}
      {{- range $name, $mount := $mounts }}
      - {name: {{ $name }}, mountPath: /etc/kokemus/{{ $mount.kind }}/{{ $mount.name }}, readOnly: true}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 1Gi}
  {{- if $keeps }}
  - name: archive
    persistentVolumeClaim:
      claimName: {{ .workload.persistence.existingClaim | default (include "kokemus.workload.name" .) }}
  {{- end }}
  {{- range $name, $mount := $mounts }}
  - name: {{ $name }}
    {{- if eq $mount.kind "secret" }}
    secret:
      secretName: {{ $mount.name }}
      defaultMode: 0440
    {{- else }}
    configMap:
      name: {{ $mount.name }}
    {{- end }}
      items:
        {{- range $mount.keys }}
        - {key: {{ . }}, path: {{ . }}}
        {{- end }}
  {{- end }}
{{- end }}

{{/* What holds for every pod: no token, no root, and where it may run. Takes the root. */}}
{{- define "kokemus.pod.security" -}}
{{- $pods := .Values.global.pods -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with $pods.runAsUser }}
  runAsUser: {{ . }}
  {{- end }}
  {{- with $pods.fsGroup }}
  fsGroup: {{ . }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
{{- with $pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What holds for every container: the service's image with nothing to write on but volumes. */}}
{{- define "kokemus.container" -}}
image: {{ include "kokemus.image" . }}
imagePullPolicy: {{ .Values.global.image.pullPolicy }}
command: [python, -m, {{ .Chart.Name | replace "-" "_" }}.main]
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
