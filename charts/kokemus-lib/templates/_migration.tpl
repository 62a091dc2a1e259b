{{/* Brings the schema up to date. Each step works with the code that already runs, so old pods go
on until new ones are ready, and a rollback needs no step back. */}}
{{- define "kokemus.migration" }}
{{- $how := .Values.global.database.migrations }}
{{- $first := and (eq $how "release") .Release.IsInstall }}
{{- $scope := dict "root" . "role" "migration" "workload" (dict "keys" false "settings" dict "secretFiles" dict "configFiles" dict "reaches" (list "database") "reachedBy" list) }}
{{- if ne $how "off" }}
---
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "kokemus.metadata" $scope | nindent 2 }}
  {{- if not $first }}
  annotations:
    helm.sh/hook: {{ if eq $how "release" }}pre-upgrade{{ else }}pre-install,pre-upgrade{{ end }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
spec:
  backoffLimit: 20
  activeDeadlineSeconds: 1800
  template:
    metadata:
      labels:
        {{- include "kokemus.labels" $scope | nindent 8 }}
    spec:
      # A hook runs before the service has an account of its own; no account's token is mounted.
      serviceAccountName: default
      restartPolicy: OnFailure
      {{- include "kokemus.pod.security" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "kokemus.container" . | nindent 10 }}
          args: [migrate]
          env:
            - name: HOME
              value: /tmp
            - name: KOKEMUS_KAFKA_BOOTSTRAP
              value: {{ .Values.global.kafka.bootstrap | quote }}
            {{- include "kokemus.environment.database" . | trim | nindent 12 }}
          resources:
            requests: {cpu: 100m, memory: 192Mi}
            limits: {cpu: "1", memory: 512Mi}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 100Mi}
{{- include "kokemus.network" $scope }}
{{- end }}
{{- end }}
